locals {
  # What every installation needs. Optional parts (mlflow.tf, budget.tf) enable theirs beside them: a change of this list
  # makes Terraform read the service agents again during apply, and so replace their grants.
  apis = [
    "artifactregistry",
    "cloudbuild", # functions are built by it, images too
    "cloudfunctions",
    "cloudscheduler",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "storage",
  ]
}

# First: the provider asks it about the project before it enables anything else.
resource "google_project_service" "cloudresourcemanager" {
  service            = "cloudresourcemanager.googleapis.com"
  disable_on_destroy = false # other things in the project may use it
  depends_on         = [terraform_data.preflight]
}

resource "google_project_service" "apis" {
  for_each = toset(local.apis)

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
  depends_on         = [google_project_service.cloudresourcemanager]
}

# An API answers SERVICE_DISABLED for some time after it was enabled.
resource "time_sleep" "apis" {
  create_duration = "60s"
  triggers        = { apis = join(",", local.apis) }
  depends_on      = [google_project_service.apis]
}
