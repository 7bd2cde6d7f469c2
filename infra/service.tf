# How a new image comes into service, with Terraform as the only writer:
#   1. apply -var candidate={...}: a revision from the candidate's image, tagged `candidate`, 0 %; what served keeps 100 %.
#   2. a smoke test on the output `candidate_url`. When it fails, nothing has changed for anybody.
#   3. apply -var images={the same}: the template is the candidate's already, so no revision is made; all traffic goes
#      to the latest one, which is the revision that was tested, and the tag disappears.
# An apply in between, or after a failed test, is given neither: it keeps image, traffic and tag as they are.
data "google_cloud_run_v2_service" "current" {
  count = var.candidate != null || local.keeps_images ? 1 : 0

  name     = "${var.name_prefix}ticket-urgency"
  location = var.region
}

locals {
  reload_audience = "${var.name_prefix}urgency-reload" # a service cannot name its own address, so the token is made for this constant

  current_service       = one(data.google_cloud_run_v2_service.current)
  current_service_image = try(local.current_service.template[0].containers[0].image, "")
  kept_service_image    = local.keeps_images ? coalesce(local.current_service_image, local.images["service"]) : local.images["service"]
  service_image         = var.candidate == null ? local.kept_service_image : var.candidate.service
  is_on_trial           = var.candidate != null || local.keeps_images && try(contains(local.current_service.traffic[*].tag, "candidate"), false)

  # Asked of Cloud Run, since a resource cannot refer to its own last state. Without a trial all traffic goes to the
  # latest revision, which is given no name.
  serving_revision = try(one([
    for target in local.current_service.traffic :
    basename(coalesce(target.revision, local.current_service.latest_ready_revision))
    if target.percent == 100
  ]), null)
  on_latest  = { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent = 100, revision = null, tag = null }
  on_serving = { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", percent = 100, revision = local.serving_revision, tag = null }
  on_trial   = { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent = 0, revision = null, tag = "candidate" }
  traffic    = local.is_on_trial ? [local.on_serving, local.on_trial] : [local.on_latest]
}

resource "google_cloud_run_v2_service" "api" {
  name                 = "${var.name_prefix}ticket-urgency"
  location             = var.region
  deletion_protection  = var.protect
  ingress              = "INGRESS_TRAFFIC_ALL" # calls from functions are not internal; IAM keeps it private
  invoker_iam_disabled = var.public            # not allUsers, which domain-restricted sharing refuses
  custom_audiences     = [local.reload_audience]
  depends_on           = [terraform_data.image]

  template {
    service_account                  = google_service_account.this["serve"].email
    timeout                          = "60s"
    max_instance_request_concurrency = 64 # below the places of service/door.py: a probe finds one too

    scaling {
      min_instance_count = 0
      max_instance_count = var.max_instances
    }

    containers {
      image = local.service_image

      resources {
        limits            = { cpu = "1", memory = "512Mi" }
        cpu_idle          = true # else the whole life of an instance is billed
        startup_cpu_boost = true
      }

      # Alive, not ready: an empty project has no model yet, and its first apply must succeed.
      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30
        http_get {
          path = "/health/live"
        }
      }
      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/health/live"
        }
      }

      dynamic "env" {
        for_each = merge(local.feedback_environment, var.log_level == "info" ? {} : { URGENCY_LOG_LEVEL = var.log_level }, {
          URGENCY_PROJECT         = var.project_id
          URGENCY_REGISTRY_BUCKET = google_storage_bucket.this["registry"].name
          URGENCY_CONTROL_BUCKET  = google_storage_bucket.this["control"].name
          URGENCY_RELOAD_AUDIENCE = local.reload_audience
          URGENCY_RELOAD_CALLER   = google_service_account.this["reload"].email
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

  dynamic "traffic" {
    for_each = local.traffic
    content {
      type     = traffic.value.type
      percent  = traffic.value.percent
      revision = traffic.value.revision
      tag      = traffic.value.tag
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "reload" {
  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.servicesInvoker"
  member   = google_service_account.this["reload"].member

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_service.api.id] # a new service has no grants
  }
}
