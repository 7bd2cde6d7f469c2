# Every night: does what the service scores still look like what the model was trained on? Where not, it asks people for
# labels and starts the training job as it is configured (job.tf has the grant). It promotes nothing.

resource "google_cloud_run_v2_job" "drift" {
  name                = "${var.name_prefix}drift"
  location            = var.region
  deletion_protection = var.protect
  depends_on          = [terraform_data.image]

  template {
    template {
      service_account = google_service_account.this["drift"].email
      max_retries     = 3
      timeout         = "1800s"

      containers {
        image = local.job_image
        args  = ["drift"]

        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }

        dynamic "env" {
          for_each = {
            URGENCY_PROJECT         = var.project_id
            URGENCY_REGION          = var.region
            URGENCY_TRAIN_JOB       = google_cloud_run_v2_job.train.name
            URGENCY_REGISTRY_BUCKET = google_storage_bucket.this["registry"].name
            URGENCY_CONTROL_BUCKET  = google_storage_bucket.this["control"].name
            URGENCY_OBSERVED_BUCKET = google_storage_bucket.this["observed"].name
            OMP_NUM_THREADS         = "1"
            # The client would ask for the bucket's metadata at each start, which no grant here allows.
            DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA = "true"
          }
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}

resource "google_storage_bucket_iam_member" "drift_reads" {
  for_each = {
    registry = google_storage_bucket.this["registry"].name
    control  = google_storage_bucket.this["control"].name
    observed = google_storage_bucket.this["observed"].name
  }

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["drift"].member
}

# Its results only: it cannot move the release pointer.
resource "google_storage_bucket_iam_member" "drift_writes" {
  bucket = google_storage_bucket.this["control"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.this["drift"].member

  condition {
    title      = "drift"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["control"].name}/objects/drift/\")"
  }
}

resource "google_cloud_run_v2_job_iam_member" "drift_runs" {
  name     = google_cloud_run_v2_job.drift.name
  location = google_cloud_run_v2_job.drift.location
  role     = "roles/run.jobsExecutor"
  member   = google_service_account.this["scheduler"].member

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.drift.id]
  }
}

resource "google_cloud_scheduler_job" "drift" {
  name             = "${var.name_prefix}urgency-drift"
  region           = var.region
  schedule         = "0 4 * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "180s"
  depends_on       = [google_cloud_run_v2_job_iam_member.drift_runs]

  retry_config {
    retry_count = 2
  }
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.drift.id}:run"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oauth_token {
      service_account_email = google_service_account.this["scheduler"].email
    }
  }
}

locals {
  of_drift = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"${google_cloud_run_v2_job.drift.name}\""
}

resource "google_logging_metric" "drift_index" {
  name            = "${var.name_prefix}urgency-drift-index"
  description     = "Highest population stability index of a night's check."
  filter          = "${local.of_drift} AND jsonPayload.message=\"drift_checked\""
  value_extractor = "EXTRACT(jsonPayload.index)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }
  bucket_options {
    linear_buckets {
      offset             = 0
      width              = 0.02
      num_finite_buckets = 100
    }
  }

  depends_on = [time_sleep.apis]
}

resource "google_monitoring_alert_policy" "drift" {
  display_name          = "${local.title}: Drift"
  severity              = "WARNING"
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "tickets no longer look like those trained on"
    condition_matched_log {
      filter = "${local.of_drift} AND jsonPayload.message=\"drift_checked\" AND jsonPayload.answer=\"moved\""
    }
  }
  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "604800s" # every night says it again
    }
  }
  documentation {
    content = "What it means and what to do: ${local.runbook}#drift"
    dynamic "links" {
      for_each = var.runbook_url[*]
      content {
        display_name = "What it means and what to do"
        url          = "${links.value}#drift"
      }
    }
  }

  depends_on = [time_sleep.apis]
}
