# What people say of tickets: service -> topic -> one object every few minutes below feedback/ in the landing bucket.
# Pub/Sub lays them there itself, so a label that the service has accepted is kept while anything else is down.

resource "google_pubsub_topic" "feedback" {
  name       = "${var.name_prefix}ticket-feedback"
  depends_on = [time_sleep.apis]
}

resource "google_pubsub_topic_iam_member" "serve_publishes_feedback" {
  topic  = google_pubsub_topic.feedback.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.this["serve"].member
}

# The two roles that Google names for this, without a condition on names: Pub/Sub asks at the subscription's creation
# whether it may write to the bucket, and a condition on object names would answer no. It cannot replace an object.
# https://cloud.google.com/pubsub/docs/create-cloudstorage-subscription#assign_roles_service_account
resource "google_storage_bucket_iam_member" "pubsub_lays_feedback" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.legacyBucketReader"])

  bucket = google_storage_bucket.this["landing"].name
  role   = each.key
  member = google_project_service_identity.pubsub.member
}

# The subscription is refused until Pub/Sub sees the grants of its agent.
resource "time_sleep" "pubsub_lays_feedback" {
  create_duration = "120s"
  triggers        = { for role, grant in google_storage_bucket_iam_member.pubsub_lays_feedback : role => grant.member }
}

resource "google_pubsub_subscription" "feedback" {
  name                       = "${var.name_prefix}ticket-feedback"
  topic                      = google_pubsub_topic.feedback.id
  ack_deadline_seconds       = 600 # not below max_duration: a message is acknowledged when its file is complete
  message_retention_duration = "604800s"
  depends_on                 = [time_sleep.pubsub_lays_feedback]

  expiration_policy {
    ttl = ""
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["dead-letters"].id
    max_delivery_attempts = 5
  }
  cloud_storage_config {
    bucket          = google_storage_bucket.this["landing"].name
    filename_prefix = "feedback/" # the notification tells of incoming/ only, so this starts no training
    filename_suffix = ".jsonl"
    max_duration    = "300s"
    max_bytes       = 10000000

    text_config {} # the messages' data, a line each: JSON lines
  }
}

resource "google_pubsub_subscription_iam_member" "pubsub_takes_feedback" {
  subscription = google_pubsub_subscription.feedback.id
  role         = "roles/pubsub.subscriber"
  member       = google_project_service_identity.pubsub.member
}

locals {
  # Without a check of who calls, anybody could teach the model: a public service takes no feedback.
  feedback_environment = var.public ? {} : merge(
    { URGENCY_FEEDBACK_TOPIC = google_pubsub_topic.feedback.name },
    { for name, words in var.settings : name => words if contains(["URGENCY_URGENT_LABELS", "URGENCY_OTHER_LABELS"], name) },
  )
}

# --- what people say shows whether the model keeps its promise ------------------------------------------------------

resource "google_monitoring_alert_policy" "quality_fell" {
  display_name          = "${local.title}: Live recall below the promise"
  severity              = "WARNING"
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "even the upper bound of recall is below what the card says"
    condition_matched_log {
      filter = "${local.of_job} AND jsonPayload.message=\"quality_fell\""
    }
  }
  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "86400s" # every training says it again
    }
  }
  documentation {
    content = "What it means and what to do: ${local.runbook}#live-recall-below-the-promise"
    dynamic "links" {
      for_each = var.runbook_url[*]
      content {
        display_name = "What it means and what to do"
        url          = "${links.value}#live-recall-below-the-promise"
      }
    }
  }

  depends_on = [time_sleep.apis]
}
