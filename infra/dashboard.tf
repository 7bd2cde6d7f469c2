# One page: does it answer, with which model, and is that model kept good?

locals {
  # Keys that stay empty are left out: the API drops them, and the plan would differ for ever.
  charts = [
    { title = "Requests", axis = "a second", series = "requests", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = "response_code_class" },
    { title = "Answers with 5xx", axis = "in 5 minutes", series = "errors", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = "response_code" },
    { title = "Latency, 95th percentile", axis = "ms", series = "latencies", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", by = null },
    { title = "Instances", axis = "instances", series = "instances", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = "state" },
    { title = "Versions that answer", axis = "lines a minute and instance", series = "serving", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = "version" },
    { title = "Age of the model", axis = "days", series = "model_age", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_50", by = null },
    { title = "Job executions", axis = "in 5 minutes", series = "executions", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = "result" },
    { title = "Runs that reconciled", axis = "in 5 minutes", series = "reconciled", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = null },
    { title = "Verdicts", axis = "in 5 minutes", series = "verdicts", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = "verdict" },
    { title = "Versions held back in a row", axis = "versions", series = "held", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_50", by = null },
    { title = "Drift: highest stability index", axis = "index", series = "drift", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_50", by = null },
    { title = "Dead letters", axis = "messages", series = "dead_letters", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = null },
  ]
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = local.title
    gridLayout = {
      columns = "3"
      widgets = [for chart in local.charts : {
        title = chart.title
        xyChart = {
          yAxis = { label = chart.axis, scale = "LINEAR" }
          dataSets = [{
            plotType   = "LINE"
            targetAxis = "Y1"
            timeSeriesQuery = {
              timeSeriesFilter = {
                filter = merge(local.series, local.logged_series)[chart.series]
                aggregation = merge(
                  { alignmentPeriod = "300s", perSeriesAligner = chart.aligner, crossSeriesReducer = chart.reducer },
                  chart.by == null ? {} : { groupByFields = ["metric.label.${chart.by}"] },
                )
              }
            }
          }]
        }
      }]
    }
  })

  depends_on = [time_sleep.apis]
}
