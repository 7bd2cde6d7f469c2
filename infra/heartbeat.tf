# Every hour a heartbeat takes the way of a dropped file: topic, function, job, topic, function, reload hook. Each hop logs
# it, so that a right or a part that went missing is known within hours and not with the next file.

resource "google_pubsub_topic_iam_member" "scheduler_beats" {
  topic  = google_pubsub_topic.this["tickets-landed"].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.this["scheduler"].member
}

resource "google_cloud_scheduler_job" "heartbeat" {
  name             = "${var.name_prefix}urgency-heartbeat"
  region           = var.region
  schedule         = "0 * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "180s"
  depends_on       = [google_pubsub_topic_iam_member.scheduler_beats]

  retry_config {
    retry_count = 2
  }
  http_target { # a Pub/Sub target would be published by Scheduler's agent, which may publish on every topic
    http_method = "POST"
    uri         = "https://pubsub.googleapis.com/v1/${google_pubsub_topic.this["tickets-landed"].id}:publish"
    headers     = { "Content-Type" = "application/json" }
    body = base64encode(jsonencode({
      messages = [{ data = base64encode("{\"schema\": 1}"), attributes = { event = "Heartbeat" } }]
    }))

    oauth_token {
      service_account_email = google_service_account.this["scheduler"].email
    }
  }
}

locals {
  landed   = google_cloudfunctions2_function.this["on-csv-landed"].name
  released = google_cloudfunctions2_function.this["on-model-released"].name
}

resource "google_logging_metric" "heartbeat" {
  name             = "${var.name_prefix}urgency-heartbeat"
  description      = "Heartbeats by the hop that logged one."
  filter           = "(resource.labels.job_name=\"${google_cloud_run_v2_job.train.name}\" OR resource.labels.service_name=(\"${local.landed}\" OR \"${local.released}\")) AND jsonPayload.message=\"heartbeat\""
  label_extractors = { hop = "EXTRACT(jsonPayload.hop)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "hop"
      value_type  = "STRING"
      description = "landed, train or released"
    }
  }

  depends_on = [time_sleep.apis]
}
