# Off unless var.webhook is set: helpdesks call on-ticket-webhook, which asks the service and publishes ticket-scored.
# Helpdesks have no Google identity, so everybody may call this one function; it checks each call's signature itself.
locals {
  webhook_apis = var.webhook == null ? [] : ["secretmanager"]

  # Whoever reads ticket-scored adds a subscription; without one nothing is kept.
  webhook = var.webhook == null ? {} : { on-ticket-webhook = var.webhook }
}

resource "google_service_account" "webhook" {
  for_each = local.webhook

  account_id   = "${var.name_prefix}urgency-webhook"
  display_name = "function on-ticket-webhook: asks the service, publishes ticket-scored"
  depends_on   = [time_sleep.apis]
}

resource "google_pubsub_topic" "scored" {
  for_each = local.webhook

  name       = "${var.name_prefix}ticket-scored"
  depends_on = [time_sleep.apis]
}

resource "google_cloudfunctions2_function" "webhook" {
  for_each = local.webhook

  name       = "${var.name_prefix}${each.key}"
  location   = var.region
  depends_on = [time_sleep.builder, time_sleep.webhook]

  build_config {
    runtime           = "python313"
    entry_point       = "on_ticket_webhook"
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
    service_account_email            = google_service_account.webhook[each.key].email
    ingress_settings                 = "ALLOW_ALL" # helpdesks are outside
    timeout_seconds                  = 30
    max_instance_count               = 2
    max_instance_request_concurrency = 8
    available_cpu                    = "1"
    available_memory                 = "512Mi"

    environment_variables = {
      URGENCY_PROJECT        = var.project_id
      URGENCY_SERVICE_URL    = google_cloud_run_v2_service.api.uri
      URGENCY_SCORED_TOPIC   = google_pubsub_topic.scored[each.key].name
      URGENCY_WEBHOOK_FIELDS = each.value.fields
    }
    # Read at the start of an instance; Terraform never sees what the secret holds.
    secret_environment_variables {
      key        = "URGENCY_WEBHOOK_SECRET"
      project_id = var.project_id
      secret     = each.value.secret
      version    = "latest"
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "helpdesks" {
  for_each = google_cloudfunctions2_function.webhook

  name     = each.value.name
  location = each.value.location
  role     = "roles/run.servicesInvoker"
  member   = "allUsers" # the signature is the check: functions/webhooks.py

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.webhook[each.key].id]
  }
}

resource "google_secret_manager_secret_iam_member" "webhook" {
  for_each = local.webhook

  secret_id  = each.value.secret
  role       = "roles/secretmanager.secretAccessor"
  member     = google_service_account.webhook[each.key].member
  depends_on = [time_sleep.optional]
}

# A function is refused until its account is seen to read the secret.
resource "time_sleep" "webhook" {
  for_each = google_secret_manager_secret_iam_member.webhook

  create_duration = local.grant_seen_after
  triggers        = { member = each.value.member, secret = each.value.secret_id }
}

resource "google_cloud_run_v2_service_iam_member" "webhook" {
  for_each = google_service_account.webhook

  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.servicesInvoker"
  member   = each.value.member

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_service.api.id]
  }
}

resource "google_pubsub_topic_iam_member" "webhook_publishes" {
  for_each = google_service_account.webhook

  topic  = google_pubsub_topic.scored[each.key].id
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

output "webhook_url" {
  description = "The address for a helpdesk's webhook, with the helpdesk's name at its end."
  value       = one([for function in google_cloudfunctions2_function.webhook : "${function.service_config[0].uri}/HELPDESK"])
}
