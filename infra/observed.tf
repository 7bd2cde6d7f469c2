# What the service counted of the tickets it scored (docs/security.md): Cloud Logging brings the lines into a bucket, and
# the drift job reads them there. No ticket, id or word is in them.

resource "google_storage_bucket" "observed" {
  name                        = "${var.project_id}-urgency-observed"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect
  depends_on                  = [time_sleep.apis]

  versioning {
    enabled = true # the sink makes objects and replaces none; what somebody deletes can be restored
  }
  soft_delete_policy {
    retention_duration_seconds = 604800
  }
  lifecycle_rule {
    condition {
      age = 90 # drift looks back four weeks at most
    }
    action {
      type = "Delete"
    }
  }
  lifecycle_rule {
    condition {
      with_state                 = "ARCHIVED"
      days_since_noncurrent_time = 7
    }
    action {
      type = "Delete"
    }
  }
}

resource "google_logging_project_sink" "observed" {
  name                   = "urgency-observed"
  destination            = "storage.googleapis.com/${google_storage_bucket.observed.name}"
  filter                 = "${local.of_service} AND jsonPayload.message=\"observed\""
  unique_writer_identity = true
  depends_on             = [time_sleep.apis]
}

resource "google_storage_bucket_iam_member" "sink_observed" {
  bucket = google_storage_bucket.observed.name
  role   = "roles/storage.objectCreator"
  member = google_logging_project_sink.observed.writer_identity
}

resource "google_storage_bucket_iam_member" "operators_observed" {
  for_each = var.operators

  bucket = google_storage_bucket.observed.name
  role   = "roles/storage.objectViewer"
  member = each.key
}
