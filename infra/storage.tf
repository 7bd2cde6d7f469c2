locals {
  # What is deleted by itself, and when.
  buckets = {
    # Replaced and deleted tickets are gone for good after these 30 days and the 7 of soft delete.
    landing = [
      { with_state = "ARCHIVED", days_since_noncurrent_time = 30 },
      # What Beam's workers made of files (dataflow.tf) can be made again.
      { age = 7, matches_prefix = ["features/", "beam/"] },
      { with_state = "ARCHIVED", days_since_noncurrent_time = 1, matches_prefix = ["features/", "beam/"] },
    ]
    # Nothing: every model that ever served can be explained, and served again.
    registry = []
    # Pointer and lease are written again and again; their last versions tell what happened.
    control = [{ with_state = "ARCHIVED", num_newer_versions = 20 }]
    # Archives stay, and so do their scores; what was replaced or deleted does not.
    archive = [{ with_state = "ARCHIVED", days_since_noncurrent_time = 7 }]
    # Counts of what was scored; drift looks back four weeks at most.
    observed = [{ age = 90 }, { with_state = "ARCHIVED", days_since_noncurrent_time = 7 }]
    # Uploads of builds. The functions' zips are Terraform's own to delete.
    source = [{ age = 7, matches_prefix = ["builds/"] }, { with_state = "ARCHIVED", days_since_noncurrent_time = 7 }]
  }
}

resource "google_storage_bucket" "this" {
  for_each = local.buckets

  name                        = "${var.project_id}-${var.name_prefix}urgency-${each.key}" # names are the whole world's
  location                    = var.region
  uniform_bucket_level_access = true # grants with conditions need it
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect
  depends_on                  = [time_sleep.apis]

  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  # Names are the whole world's: what would replace a bucket, such as another region, is refused before anything is deleted.
  lifecycle {
    create_before_destroy = true
  }

  dynamic "lifecycle_rule" {
    for_each = each.value
    content {
      condition {
        with_state                 = lookup(lifecycle_rule.value, "with_state", "ANY")
        age                        = lookup(lifecycle_rule.value, "age", null)
        matches_prefix             = lookup(lifecycle_rule.value, "matches_prefix", null)
        days_since_noncurrent_time = lookup(lifecycle_rule.value, "days_since_noncurrent_time", null)
        num_newer_versions         = lookup(lifecycle_rule.value, "num_newer_versions", null)
      }
      action {
        type = "Delete"
      }
    }
  }
}

# The job reads tickets and writes receipts; it can neither create, replace nor delete what was dropped.
resource "google_storage_bucket_iam_member" "train_reads_landing" {
  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["train"].member
}

resource "google_storage_bucket_iam_member" "train_writes_receipts" {
  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectCreator"
  member = google_service_account.this["train"].member

  condition {
    title      = "receipts"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["landing"].name}/objects/receipts/\")"
  }
}

# Creating without deleting: nothing in the registry can be overwritten, by whatever bug.
resource "google_storage_bucket_iam_member" "train_registry" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.this["registry"].name
  role   = each.key
  member = google_service_account.this["train"].member
}

resource "google_storage_bucket_iam_member" "train_control" {
  bucket = google_storage_bucket.this["control"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.this["train"].member
}

resource "google_storage_bucket_iam_member" "serve" {
  for_each = {
    registry = google_storage_bucket.this["registry"].name
    control  = google_storage_bucket.this["control"].name
  }

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["serve"].member
}

resource "google_storage_bucket_iam_member" "builder_source" {
  bucket = google_storage_bucket.this["source"].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["builder"].member
}
