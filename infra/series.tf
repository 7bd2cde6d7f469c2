# The time series that alerts and dashboard draw on: Cloud Run's and Pub/Sub's own, and those of metrics.tf.

locals {
  logged = "metric.type=\"logging.googleapis.com/user"

  series = {
    requests     = "${local.of_service} AND metric.type=\"run.googleapis.com/request_count\""
    errors       = "${local.of_service} AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"5xx\""
    latencies    = "${local.of_service} AND metric.type=\"run.googleapis.com/request_latencies\""
    instances    = "${local.of_service} AND metric.type=\"run.googleapis.com/container/instance_count\""
    serving      = "${local.of_service} AND ${local.logged}/${google_logging_metric.serving.name}\""
    executions   = "${local.of_job} AND metric.type=\"run.googleapis.com/job/completed_execution_count\""
    failures     = "${local.of_job} AND metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"failed\""
    reconciled   = "${local.of_job} AND ${local.logged}/${google_logging_metric.reconciled.name}\""
    verdicts     = "${local.of_job} AND ${local.logged}/${google_logging_metric.verdicts.name}\""
    held         = "${local.of_job} AND ${local.logged}/${google_logging_metric.held.name}\""
    model_age    = "${local.of_job} AND ${local.logged}/${google_logging_metric.model_age.name}\""
    drift        = "${local.of_drift} AND ${local.logged}/${google_logging_metric.drift_index.name}\""
    dead_letters = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
  }

  # The same as `serving` in the names that PromQL has for it.
  serving_promql = join("", [
    "logging_googleapis_com:user_${replace(google_logging_metric.serving.name, "-", "_")}",
    "{monitored_resource=\"cloud_run_revision\",service_name=\"${google_cloud_run_v2_service.api.name}\"}",
  ])
}
