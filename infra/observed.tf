# What the service counted of the tickets it scored (docs/security.md): Cloud Logging brings the lines into a bucket, and
# the drift job reads them there. No ticket, id or word is in them.

resource "google_logging_project_sink" "observed" {
  name                   = "${var.name_prefix}urgency-observed"
  destination            = "storage.googleapis.com/${google_storage_bucket.this["observed"].name}"
  filter                 = "${local.of_service} AND jsonPayload.message=\"observed\""
  unique_writer_identity = true
  depends_on             = [time_sleep.apis]
}

resource "google_storage_bucket_iam_member" "sink_observed" {
  bucket = google_storage_bucket.this["observed"].name
  role   = "roles/storage.objectCreator"
  member = google_logging_project_sink.observed.writer_identity
}

resource "google_storage_bucket_iam_member" "operators_observed" {
  for_each = var.operators

  bucket = google_storage_bucket.this["observed"].name
  role   = "roles/storage.objectViewer"
  member = each.key
}
