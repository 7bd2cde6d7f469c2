# Alerts that compare more than one series, or one log line. What each means: docs/operations.md.

resource "google_monitoring_alert_policy" "no_success" {
  display_name          = "Ticket urgency: No successful run for 3 hours"
  severity              = "CRITICAL"
  combiner              = "OR"
  notification_channels = local.channels

  # A log-based metric without matching lines may end or go on with zeros; each condition is blind to one of them.
  conditions {
    display_name = "no run says reconciled"
    condition_absent {
      filter   = local.series.reconciled
      duration = "10800s"
      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  conditions {
    display_name = "zero runs say reconciled"
    condition_threshold {
      filter          = local.series.reconciled
      comparison      = "COMPARISON_LT"
      threshold_value = 1
      duration        = "0s"
      aggregations {
        alignment_period     = "10800s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  documentation {
    content = "See docs/operations.md#no-successful-run-for-3-hours"
  }

  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_alert_policy" "failing_answers" {
  display_name          = "Ticket urgency: Failing answers"
  severity              = "ERROR"
  combiner              = "AND" # a share alone fires on the one request of a quiet night
  notification_channels = local.channels

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
    content = "See docs/operations.md#failing-answers"
  }

  depends_on = [time_sleep.metrics]
}

# The window spans the one minute between an instance's lines; a release makes two versions overlap for as long, not longer.
resource "google_monitoring_alert_policy" "different_versions" {
  display_name          = "Ticket urgency: Instances on different versions"
  severity              = "ERROR"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "more than one version answers"
    condition_prometheus_query_language {
      query                     = "count(sum by (version) (increase(${local.serving_promql}[3m])) > 0) > 1"
      duration                  = "600s"
      evaluation_interval       = "60s"
      disable_metric_validation = true # the first line comes with the first model
    }
  }
  documentation {
    content = "See docs/operations.md#instances-on-different-versions"
  }

  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_alert_policy" "landing_emptied" {
  display_name          = "Ticket urgency: Landing bucket emptied"
  severity              = "WARNING"
  combiner              = "OR"
  notification_channels = local.channels

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
    content = "See docs/operations.md#landing-bucket-emptied"
  }

  depends_on = [time_sleep.apis]
}
