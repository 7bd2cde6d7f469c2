# What operators read with `urgency logs`: the standard error of Cloud Run, in which no line holds a ticket's words; not
# the project's audit logs, requests or builds. A view's filter can name a log and not a container: the command does that.
resource "google_logging_log_view" "operators" {
  parent      = "projects/${var.project_id}"
  location    = "global"
  bucket      = "_Default"
  name        = "${var.name_prefix}ticket-urgency"
  description = "What job, functions and service of ticket-urgency write."
  filter      = "LOG_ID(\"run.googleapis.com/stderr\")"
  depends_on  = [time_sleep.apis]
}

resource "google_logging_log_view_iam_member" "operators" {
  for_each = var.operators

  parent   = google_logging_log_view.operators.parent
  location = google_logging_log_view.operators.location
  bucket   = google_logging_log_view.operators.bucket
  name     = google_logging_log_view.operators.name
  role     = "roles/logging.viewAccessor"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_logging_log_view.operators.id]
  }
}
