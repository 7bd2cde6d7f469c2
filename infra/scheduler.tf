# The sweep finds what a lost event left behind; without work it ends after a listing.
resource "google_cloud_scheduler_job" "this" {
  for_each = {
    nightly = var.schedule
    sweep   = "*/30 * * * *"
  }

  name             = "${var.name_prefix}urgency-${each.key}"
  region           = var.region
  schedule         = each.value
  time_zone        = "Etc/UTC"
  attempt_deadline = "180s"
  depends_on       = [google_cloud_run_v2_job_iam_member.runs]

  retry_config {
    retry_count = 2
  }
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.train.id}:run"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oauth_token { # Google's own APIs refuse an OIDC token
      service_account_email = google_service_account.this["scheduler"].email
    }
  }
}
