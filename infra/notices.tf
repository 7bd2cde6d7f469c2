# Off unless var.notices is set: the job publishes on `notices` what people should know, and on-notice posts it to one webhook
# that takes Slack's JSON, whose address is a secret. So are dead letters of the other functions.
locals {
  notices_apis = var.notices == null ? [] : ["secretmanager"]
  notices      = var.notices == null ? {} : { on-notice = var.notices }

  # functions.tf and messaging.tf make the function, its subscription, and what both need.
  notices_function = {
    for name, notices in local.notices : name => {
      entry_point = "on_notice"
      account     = google_service_account.notices[name]
      environment = { URGENCY_RUNBOOK = local.runbook }
      secrets     = { URGENCY_NOTICES_URL = notices.secret }
      at_once     = 1 # one after the other: the one instance knows what it has posted
    }
  }

  notices_environment = merge([
    for topic in google_pubsub_topic.notices : {
      URGENCY_NOTICES_TOPIC = topic.name
      URGENCY_RUNBOOK       = local.runbook
      URGENCY_SERVICE_URL   = google_cloud_run_v2_service.api.uri
    }
  ]...)
}

resource "google_service_account" "notices" {
  for_each = local.notices

  account_id   = "${var.name_prefix}urgency-notices"
  display_name = "function on-notice: posts to one webhook"
  depends_on   = [time_sleep.apis]
}

resource "google_secret_manager_secret_iam_member" "notices" {
  for_each = local.notices

  secret_id  = each.value.secret
  role       = "roles/secretmanager.secretAccessor"
  member     = google_service_account.notices[each.key].member
  depends_on = [time_sleep.optional]
}

# As in webhooks.tf.
resource "time_sleep" "notices" {
  for_each = google_secret_manager_secret_iam_member.notices

  create_duration = local.grant_seen_after
  triggers        = { member = each.value.member, secret = each.value.secret_id }
}

resource "google_pubsub_topic" "notices" {
  for_each = local.notices

  name       = "${var.name_prefix}notices"
  depends_on = [time_sleep.apis]
}

resource "google_pubsub_topic_iam_member" "train_notifies" {
  for_each = google_pubsub_topic.notices

  topic  = each.value.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.this["train"].member
}

# Dead letters are told, too; `dead_letters` (messaging.tf) keeps its own copies. No dead letters of these: they would come
# round for ever. For the same reason the function acknowledges those of its own subscription.
resource "google_pubsub_subscription" "dead_letters_told" {
  for_each = local.notices

  name                       = "${var.name_prefix}on-dead-letter"
  topic                      = google_pubsub_topic.this["dead-letters"].id
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"
  depends_on                 = [google_cloud_run_v2_service_iam_member.pusher]

  expiration_policy {
    ttl = ""
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  push_config {
    push_endpoint = google_cloudfunctions2_function.this[each.key].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.this["pusher"].email
      audience              = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    }
  }
}
