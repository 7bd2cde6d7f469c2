locals {
  # Subscription and function have one name; each pushes what its topic carries to its function.
  pushes = merge({ for name, topic in google_pubsub_topic.notices : name => topic.id }, {
    on-csv-landed     = google_pubsub_topic.this["tickets-landed"].id
    on-model-released = google_pubsub_topic.this["model-released"].id
  })
}

resource "google_pubsub_topic" "this" {
  for_each = toset(["tickets-landed", "model-released", "dead-letters"])

  name       = "${var.name_prefix}${each.key}"
  depends_on = [time_sleep.apis]
}

# --- what lands is announced ---------------------------------------------------------------------------------------

resource "google_pubsub_topic_iam_member" "storage_announces" {
  topic  = google_pubsub_topic.this["tickets-landed"].id
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.this.member
}

# The notification is refused until Cloud Storage sees its agent's grant.
resource "time_sleep" "storage_announces" {
  create_duration = local.grant_seen_after
  triggers = {
    member = google_pubsub_topic_iam_member.storage_announces.member
    topic  = google_pubsub_topic.this["tickets-landed"].id
  }
}

resource "google_storage_notification" "landed" {
  bucket             = google_storage_bucket.this["landing"].name
  topic              = google_pubsub_topic.this["tickets-landed"].id
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "incoming/" # without it the job's own receipts would start it again
  depends_on         = [time_sleep.storage_announces]
}

resource "google_pubsub_topic_iam_member" "train_announces" {
  topic  = google_pubsub_topic.this["model-released"].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.this["train"].member
}

# --- what is announced is pushed -----------------------------------------------------------------------------------

resource "google_pubsub_subscription" "push" {
  for_each = local.pushes

  name                       = "${var.name_prefix}${each.key}"
  topic                      = each.value
  ack_deadline_seconds       = 60 # above the functions' 30 s, which is above their calls' 10 s
  message_retention_duration = "604800s"
  depends_on                 = [google_cloud_run_v2_service_iam_member.pusher]

  expiration_policy {
    ttl = "" # never, also when nothing lands for a month
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["dead-letters"].id
    max_delivery_attempts = 5
  }
  push_config {
    # Not the function's `url` (cloudfunctions.net): its ingress and the token's audience go by the run.app address.
    push_endpoint = google_cloudfunctions2_function.this[each.key].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.this["pusher"].email
      audience              = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    }
  }
}

resource "google_service_account_iam_member" "pubsub_signs_as_pusher" {
  service_account_id = google_service_account.this["pusher"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_project_service_identity.pubsub.member
}

# --- what cannot be delivered is kept ------------------------------------------------------------------------------

resource "google_pubsub_subscription" "dead_letters" {
  name                       = "${var.name_prefix}dead-letters"
  topic                      = google_pubsub_topic.this["dead-letters"].id
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

# Without these two, Pub/Sub drops undeliverable messages and says nothing.
resource "google_pubsub_topic_iam_member" "pubsub_forwards" {
  topic  = google_pubsub_topic.this["dead-letters"].id
  role   = "roles/pubsub.publisher"
  member = google_project_service_identity.pubsub.member
}

resource "google_pubsub_subscription_iam_member" "pubsub_takes" {
  for_each = google_pubsub_subscription.push

  subscription = each.value.id
  role         = "roles/pubsub.subscriber"
  member       = google_project_service_identity.pubsub.member
}
