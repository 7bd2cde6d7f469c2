# Alerts on the metrics of metrics.tf, which are made of log lines. They are written in PromQL because only PromQL can do
# without Monitoring's check that the metric is known: it takes up to ten minutes to know a new one, answers 404 until then,
# and the provider does not try again (provider#11102). So neither a first apply nor an upgrade that adds one has to wait.

locals {
  # True for `lasting` (whole minutes), each: what was logged, by the names that PromQL has for it.
  queries = {
    "No successful run for 3 hours" = {
      severity = "CRITICAL", section = "no-successful-run-for-3-hours"
      # A metric without matching lines may end or go on with zeros: `or vector(0)` makes both a zero. Before the first
      # run there is none either, so an installation whose job never succeeds is told of too.
      query   = "(sum(increase(${local.logged_promql["reconciled"]}${local.of_job_promql}[1h])) or vector(0)) < 0.5"
      lasting = "7200s"
    }
    "Old model" = {
      severity = "WARNING", section = "old-model"
      query    = "histogram_quantile(0.5, sum by (le) (increase(${local.logged_promql["model_age"]}_bucket${local.of_job_promql}[2h]))) > 14" # days
      lasting  = "0s"
    }
    "Versions held back" = {
      severity = "WARNING", section = "versions-held-back"
      # Three or more; whole numbers are the middles of their buckets.
      query   = "histogram_quantile(0.5, sum by (le) (increase(${local.logged_promql["held"]}_bucket${local.of_job_promql}[2h]))) > 2.5"
      lasting = "0s"
    }
    "No heartbeat for 2 hours" = {
      severity = "ERROR", section = "no-heartbeat-for-2-hours"
      # One for each hop that beat within a day: the label says which. Before the first model two of them do not beat.
      query   = "(sum by (hop) (increase(${local.logged_promql["heartbeat"]}[1d])) > 0.5) unless (sum by (hop) (increase(${local.logged_promql["heartbeat"]}[2h])) > 0.5)"
      lasting = "300s"
    }
    "Instances on different versions" = {
      severity = "ERROR", section = "instances-on-different-versions"
      # The window spans the one minute between an instance's lines; a release makes two versions overlap for as long.
      query   = "count(sum by (version) (increase(${local.logged_promql["serving"]}${local.of_service_promql}[3m])) > 0) > 1"
      lasting = "600s"
    }
  }
}

resource "google_monitoring_alert_policy" "logged" {
  for_each = local.queries

  display_name          = "${local.title}: ${each.key}"
  severity              = each.value.severity
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = each.key
    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = each.value.lasting
      evaluation_interval       = "60s"
      disable_metric_validation = true
    }
  }
  alert_strategy {
    auto_close = "10800s"
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
