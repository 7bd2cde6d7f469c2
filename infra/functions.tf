locals {
  functions = merge(local.notices_function, {
    on-csv-landed = {
      entry_point = "on_csv_landed"
      account     = google_service_account.this["trigger"]
      secrets     = {}
      at_once     = 8
      environment = {
        URGENCY_PROJECT   = var.project_id
        URGENCY_REGION    = var.region
        URGENCY_TRAIN_JOB = google_cloud_run_v2_job.train.name
      }
    }
    on-model-released = {
      entry_point = "on_model_released"
      account     = google_service_account.this["reload"]
      secrets     = {}
      at_once     = 8
      environment = {
        URGENCY_RELOAD_URL      = "${google_cloud_run_v2_service.api.uri}/v1/model:reload"
        URGENCY_RELOAD_AUDIENCE = local.reload_audience
      }
    }
  })
}

# The handlers and the part of the contract that needs only the standard library; functions/files.json is the one list.
data "archive_file" "functions" {
  type        = "zip"
  output_path = "${path.module}/functions.zip"

  dynamic "source" {
    for_each = jsondecode(file("${local.root}/functions/files.json"))
    content {
      filename = source.key
      content  = file("${local.root}/${source.value}")
    }
  }
}

# The hash in the name makes a change of code a change of the function; under one name it would never be deployed again.
resource "google_storage_bucket_object" "functions" {
  bucket = google_storage_bucket.this["source"].name
  name   = "functions/${data.archive_file.functions.output_sha256}.zip"
  source = data.archive_file.functions.output_path

  # The old one is deleted when no function names it any more.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "this" {
  for_each = local.functions

  name       = "${var.name_prefix}${each.key}"
  location   = var.region
  depends_on = [time_sleep.builder, time_sleep.notices]

  build_config {
    runtime           = "python313"
    entry_point       = each.value.entry_point
    service_account   = google_service_account.this["builder"].id
    docker_repository = google_artifact_registry_repository.this.id

    source {
      storage_source {
        bucket = google_storage_bucket_object.functions.bucket
        object = google_storage_bucket_object.functions.name
      }
    }
  }

  service_config {
    service_account_email            = each.value.account.email
    environment_variables            = each.value.environment
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # pushes of the same project are internal
    timeout_seconds                  = 30
    max_instance_count               = 1
    max_instance_request_concurrency = each.value.at_once # 8: one instance merges a burst of files into one run; needs a whole CPU
    available_cpu                    = "1"
    available_memory                 = "512Mi"

    # Read at the start of an instance; Terraform never sees what the secret holds.
    dynamic "secret_environment_variables" {
      for_each = each.value.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
  }
}

# On the Cloud Run service below the function: invoker on the function itself opens nothing.
resource "google_cloud_run_v2_service_iam_member" "pusher" {
  for_each = google_cloudfunctions2_function.this

  name     = each.value.name
  location = each.value.location
  role     = "roles/run.servicesInvoker"
  member   = google_service_account.this["pusher"].member

  # A replaced function has a new service without grants, under the name that Terraform knows (provider#18308).
  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.this[each.key].id]
  }
}
