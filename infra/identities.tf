locals {
  # "Policy changes take effect within 2 minutes, in most cases": https://cloud.google.com/iam/docs/access-change-propagation
  grant_seen_after = "120s"
}

# One identity for each thing that acts. What it may do stands beside what it may do it to.
resource "google_service_account" "this" {
  for_each = {
    trigger   = "function on-csv-landed: starts the training job"
    reload    = "function on-model-released: calls the service's reload hook"
    pusher    = "Pub/Sub's pushes: invokes the functions"
    train     = "training job"
    score     = "scoring of archives"
    drift     = "drift job: compares what was scored with what was trained on"
    serve     = "prediction service"
    scheduler = "Cloud Scheduler: starts the jobs"
    builder   = "builds of images and functions"
  }

  account_id   = "${var.name_prefix}urgency-${each.key}"
  display_name = each.value
  depends_on   = [time_sleep.apis]
}

# Google's own agents. A new project has neither before it is asked for: grants to them would be refused.
resource "google_project_service_identity" "pubsub" {
  provider   = google-beta
  service    = "pubsub.googleapis.com"
  depends_on = [time_sleep.apis]
}

data "google_storage_project_service_account" "this" {
  depends_on = [time_sleep.apis]
}
