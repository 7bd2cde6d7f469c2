# Optional (var.ci): CI releases here. The account that it acts as, and for GitHub the two ways in, without a key (docs/ci.md).
# Whoever applies without `images` afterwards keeps what CI released (images.tf).

locals {
  github = try(var.ci.github_repository_id, null) # a number is never given twice, a name can be

  ci_accounts = merge(
    var.ci == null ? {} : { deployer = "CI: applies Terraform, pushes images, tries the candidate" },
    local.github == null ? {} : { planner = "CI: plans a pull request; may only read" },
  )

  ci_roles = {
    deployer = concat([
      "artifactregistry.admin", "cloudbuild.builds.editor", "cloudfunctions.admin", "cloudscheduler.admin",
      "iam.serviceAccountAdmin", "iam.serviceAccountUser", "iam.workloadIdentityPoolAdmin", "logging.configWriter",
      "logging.logWriter", "monitoring.editor", "pubsub.admin", "resourcemanager.projectIamAdmin", "run.admin",
      "serviceusage.serviceUsageAdmin", "storage.admin",
    ], var.mlflow == "server" ? ["cloudsql.admin"] : [])
    planner = concat([
      "artifactregistry.reader", "browser", "cloudfunctions.viewer", "cloudscheduler.viewer", "iam.securityReviewer",
      "iam.serviceAccountViewer", "iam.workloadIdentityPoolViewer", "logging.viewer", "monitoring.viewer", "pubsub.viewer",
      "run.viewer", "serviceusage.serviceUsageConsumer", "storage.bucketViewer",
    ], var.mlflow == "server" ? ["cloudsql.viewer"] : [])
  }

  # Whose token opens which account. A plan runs the code of its pull request before anybody has read it, so it has an
  # account of its own. The conditions name claims, not the token's subject: GitHub writes that of new repositories in
  # another form than that of old ones.
  ways_in = local.github == null ? {} : {
    plan  = { account = "planner", condition = "assertion.event_name == 'pull_request'" }
    apply = { account = "deployer", condition = "assertion.environment == 'production' && assertion.ref == 'refs/heads/main'" }
  }
}

resource "google_service_account" "ci" {
  for_each = local.ci_accounts

  account_id   = "${var.name_prefix}urgency-${each.key}"
  display_name = each.value

  depends_on = [time_sleep.apis]
}

resource "google_project_iam_member" "ci" {
  for_each = merge([for account in keys(local.ci_accounts) : {
    for role in local.ci_roles[account] : "${account} ${role}" => { account = account, role = "roles/${role}" }
  }]...)

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.ci[each.value.account].member
}

# Cloud Build's metadata server gives no ID tokens: the smoke test asks for one for the account itself.
resource "google_service_account_iam_member" "ci_signs_for_itself" {
  for_each = var.ci == null ? [] : toset(["deployer"])

  service_account_id = google_service_account.ci[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.ci[each.key].member
}

resource "google_cloud_run_v2_service_iam_member" "ci_tries" {
  for_each = var.ci == null ? [] : toset(["deployer"])

  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.servicesInvoker"
  member   = google_service_account.ci[each.key].member

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_service.api.id]
  }
}

# A plan reads the state, and the zip of the functions.
resource "google_storage_bucket_iam_member" "ci_plans" {
  for_each = local.github == null ? {} : {
    state  = coalesce(var.ci.state_bucket, "${var.project_id}-tfstate")
    source = google_storage_bucket.this["source"].name
  }

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.ci["planner"].member
}

# Deleted pools keep their names for 30 days: `gcloud iam workload-identity-pools undelete` and `terraform import` bring one back.
resource "google_iam_workload_identity_pool" "ci" {
  for_each = local.ways_in

  workload_identity_pool_id = "${var.name_prefix}github-${each.key}"
  display_name              = "GitHub: ${each.key}"

  depends_on = [time_sleep.apis, time_sleep.optional]
}

resource "google_iam_workload_identity_pool_provider" "ci" {
  for_each = local.ways_in

  workload_identity_pool_id          = google_iam_workload_identity_pool.ci[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_condition                = "assertion.repository_id == '${local.github}' && ${each.value.condition}"
  attribute_mapping = {
    "google.subject"          = "assertion.sub"
    "attribute.repository_id" = "assertion.repository_id"
  }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "ci_federated" {
  for_each = local.ways_in

  service_account_id = google_service_account.ci[each.value.account].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.ci[each.key].name}/attribute.repository_id/${local.github}"
}

output "ci" {
  description = "What CI is told: the account it acts as, and for GitHub its variables GCP_PLAN_PROVIDER and GCP_APPLY_PROVIDER."
  value = var.ci == null ? null : merge(
    { deployer = google_service_account.ci["deployer"].email },
    { for way, provider in google_iam_workload_identity_pool_provider.ci : "GCP_${upper(way)}_PROVIDER" => provider.name },
  )
}
