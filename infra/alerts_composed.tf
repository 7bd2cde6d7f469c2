# Alerts that compare more than one series, or one log line. What each means: docs/operations.md.

resource "google_monitoring_alert_policy" "failing_answers" {
  display_name          = "${local.title}: Failing answers"
  severity              = "ERROR"
  combiner              = "AND" # a share alone fires on the one request of a quiet night
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "more than 5 % are 5xx"
    condition_threshold {
      filter             = local.series.errors
      denominator_filter = local.series.requests
      comparison         = "COMPARISON_GT"
      threshold_value    = 0.05
      duration           = "300s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
      denominator_aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  conditions {
    display_name = "more than 5 of them in 5 minutes"
    condition_threshold {
      filter          = local.series.errors
      comparison      = "COMPARISON_GT"
      threshold_value = 5
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  alert_strategy {
    auto_close = "10800s"
  }
  documentation {
    content = "What it means and what to do: ${local.runbook}#failing-answers"
    dynamic "links" {
      for_each = var.runbook_url[*]
      content {
        display_name = "What it means and what to do"
        url          = "${links.value}#failing-answers"
      }
    }
  }

  depends_on = [time_sleep.apis]
}

resource "google_monitoring_alert_policy" "landing_emptied" {
  display_name          = "${local.title}: Landing bucket emptied"
  severity              = "WARNING"
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "all files are gone although a model exists"
    condition_matched_log {
      filter = "${local.of_job} AND jsonPayload.message=\"landing_empty\""
    }
  }
  alert_strategy {
    auto_close = "3600s"
    notification_rate_limit {
      period = "86400s" # every run says it again
    }
  }
  documentation {
    content = "What it means and what to do: ${local.runbook}#landing-bucket-emptied"
    dynamic "links" {
      for_each = var.runbook_url[*]
      content {
        display_name = "What it means and what to do"
        url          = "${links.value}#landing-bucket-emptied"
      }
    }
  }

  depends_on = [time_sleep.apis]
}
