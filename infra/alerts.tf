# Each alert names the section of docs/operations.md that says what it means and what to do; its thresholds are here.

locals {
  # Alerts on one series: aligned over `window`, more than `above` for `lasting` (multiples of 60 s).
  thresholds = {
    "Training job failed" = {
      severity = "ERROR", section = "training-job-failed"
      series   = local.series.failures, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      window   = "600s", above = 0, lasting = "0s"
    }
    "Slow answers" = {
      severity = "WARNING", section = "slow-answers"
      series   = local.series.latencies, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95"
      window   = "300s", above = 1000, lasting = "600s" # ms
    }
    "Dead letters" = {
      severity = "WARNING", section = "dead-letters"
      series   = local.series.dead_letters, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX"
      window   = "300s", above = 0, lasting = "0s"
    }
  }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.thresholds

  display_name          = "${local.title}: ${each.key}"
  severity              = each.value.severity
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = each.key
    condition_threshold {
      filter          = each.value.series
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = each.value.lasting
      aggregations {
        alignment_period     = each.value.window
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }
    }
  }
  alert_strategy {
    auto_close = "10800s" # a series that ends, as failures do, ends its alert
  }
  documentation {
    content = "What it means and what to do: ${local.runbook}#${each.value.section}"
    dynamic "links" {
      for_each = var.runbook_url[*]
      content {
        display_name = "What it means and what to do"
        url          = "${links.value}#${each.value.section}"
      }
    }
  }

  depends_on = [time_sleep.apis]
}
