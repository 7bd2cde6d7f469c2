# What runs now, asked of Cloud Run while CI releases: the job has no traffic that could be split, so a candidate's image
# comes to it with the promotion.
data "google_cloud_run_v2_job" "current" {
  count = var.candidate != null || local.keeps_images ? 1 : 0

  name     = "${var.name_prefix}train"
  location = var.region
}

locals {
  current_job_image = try(data.google_cloud_run_v2_job.current[0].template[0].template[0].containers[0].image, "")
  job_image         = coalesce(local.current_job_image, try(var.candidate.jobs, local.images["jobs"]))
}

resource "google_cloud_run_v2_job" "train" {
  name                = "${var.name_prefix}train"
  location            = var.region
  deletion_protection = var.protect
  depends_on          = [terraform_data.image]

  template {
    template {
      service_account = google_service_account.this["train"].email
      max_retries     = 3 # Cloud Run may start a task twice by itself, so fewer would sometimes be none
      timeout         = "3600s"

      containers {
        image = local.job_image
        args  = ["train"]

        resources {
          limits = { cpu = "1", memory = var.train_tickets > 1000000 ? "4Gi" : "2Gi" }
        }

        dynamic "env" {
          for_each = merge(var.settings, local.mlflow_environment, local.notices_environment, {
            URGENCY_PROJECT         = var.project_id
            URGENCY_LANDING_BUCKET  = google_storage_bucket.this["landing"].name
            URGENCY_REGISTRY_BUCKET = google_storage_bucket.this["registry"].name
            URGENCY_CONTROL_BUCKET  = google_storage_bucket.this["control"].name
            URGENCY_RELEASE_TOPIC   = google_pubsub_topic.this["model-released"].name
            OMP_NUM_THREADS         = "1"
            # The client would ask for the bucket's metadata at each start, which no grant here allows.
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

# Executor, never the role with overrides: who starts the job cannot change what it runs.
resource "google_cloud_run_v2_job_iam_member" "runs" {
  for_each = toset(["trigger", "scheduler", "drift"])

  name     = google_cloud_run_v2_job.train.name
  location = google_cloud_run_v2_job.train.location
  role     = "roles/run.jobsExecutor"
  member   = google_service_account.this[each.key].member

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.train.id] # a new job has no grants
  }
}
