# Archives are scored by a job of their own: many tasks, another identity, and nothing that a training needs.
# Why archives have a bucket: docs/decisions/0013-archives-are-scored-in-shards.md.
variable "score_tasks" {
  description = "Tasks that score an archive at once; the same work costs the same, sooner. 'urgency score --tasks' says another number."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.score_tasks >= 1 && var.score_tasks <= 10000 && floor(var.score_tasks) == var.score_tasks
    error_message = "score_tasks is a whole number from 1 to 10000."
  }
}

resource "google_cloud_run_v2_job" "score" {
  name                = "${var.name_prefix}score"
  location            = var.region
  deletion_protection = var.protect
  depends_on          = [terraform_data.image]

  template {
    task_count = var.score_tasks # all at once, as many as the region gives

    template {
      service_account = google_service_account.this["score"].email
      max_retries     = 3
      timeout         = "36000s"

      containers {
        image = local.job_image
        args  = ["score"] # and what an operator adds: which archive, where to

        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }

        dynamic "env" {
          for_each = merge({ for name, value in var.settings : name => value if name == "URGENCY_COLUMN_ALIASES" }, {
            URGENCY_PROJECT         = var.project_id
            URGENCY_REGISTRY_BUCKET = google_storage_bucket.this["registry"].name
            URGENCY_CONTROL_BUCKET  = google_storage_bucket.this["control"].name
            OMP_NUM_THREADS         = "1"
            # As in job.tf.
            DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA = "true"
          })
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}

# The model, which may be any version, and the pointer.
resource "google_storage_bucket_iam_member" "score_reads" {
  for_each = toset(["registry", "control", "archive"])

  bucket = google_storage_bucket.this[each.key].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["score"].member
}

# It creates below scored/ and changes nothing: neither an archive nor a score can be overwritten.
resource "google_storage_bucket_iam_member" "score_writes" {
  bucket = google_storage_bucket.this["archive"].name
  role   = "roles/storage.objectCreator"
  member = google_service_account.this["score"].member

  condition {
    title      = "scored"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["archive"].name}/objects/scored/\")"
  }
}

resource "google_storage_bucket_iam_member" "operators_archive" {
  for_each = var.operators

  bucket = google_storage_bucket.this["archive"].name
  role   = "roles/storage.objectUser"
  member = each.key
}

# With overrides: which archive is an argument. What the job may do, operators may do without it.
resource "google_cloud_run_v2_job_iam_member" "operators_score" {
  for_each = var.operators

  name     = google_cloud_run_v2_job.score.name
  location = google_cloud_run_v2_job.score.location
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.score.id]
  }
}

resource "google_cloud_run_v2_job_iam_member" "operators_watch_scoring" {
  for_each = var.operators

  name     = google_cloud_run_v2_job.score.name
  location = google_cloud_run_v2_job.score.location
  role     = "roles/run.viewer"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.score.id]
  }
}

output "score_archives_here" {
  description = "Put archives here, and score them with: urgency score gs://.../in/2025 -o gs://.../scored/2025"
  value       = "gs://${google_storage_bucket.this["archive"].name}/in/"
}
