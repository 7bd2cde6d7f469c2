# The time series that alerts and dashboard draw on: Cloud Run's and Pub/Sub's own, and those of metrics.tf.

locals {
  logged = "metric.type=\"logging.googleapis.com/user"

  series = {
    requests     = "${local.of_service} AND metric.type=\"run.googleapis.com/request_count\""
    errors       = "${local.of_service} AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"5xx\""
    latencies    = "${local.of_service} AND metric.type=\"run.googleapis.com/request_latencies\""
    instances    = "${local.of_service} AND metric.type=\"run.googleapis.com/container/instance_count\""
    executions   = "${local.of_job} AND metric.type=\"run.googleapis.com/job/completed_execution_count\""
    failures     = "${local.of_job} AND metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"failed\""
    dead_letters = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
  }

  # Apart, so that what draws on the others alone depends on no metric.
  logged_series = {
    serving    = "${local.of_service} AND ${local.logged}/${google_logging_metric.serving.name}\""
    reconciled = "${local.of_job} AND ${local.logged}/${google_logging_metric.reconciled.name}\""
    verdicts   = "${local.of_job} AND ${local.logged}/${google_logging_metric.verdicts.name}\""
    held       = "${local.of_job} AND ${local.logged}/${google_logging_metric.held.name}\""
    model_age  = "${local.of_job} AND ${local.logged}/${google_logging_metric.model_age.name}\""
    drift      = "${local.of_drift} AND ${local.logged}/${google_logging_metric.drift_index.name}\""
  }

  # The same in the names that PromQL has for them.
  logged_promql = {
    for name, metric in {
      reconciled = google_logging_metric.reconciled, held = google_logging_metric.held
      model_age  = google_logging_metric.model_age, serving = google_logging_metric.serving
      heartbeat  = google_logging_metric.heartbeat
    } : name => "logging_googleapis_com:user_${replace(metric.name, "-", "_")}"
  }
  of_job_promql     = "{monitored_resource=\"cloud_run_job\",job_name=\"${google_cloud_run_v2_job.train.name}\"}"
  of_service_promql = "{monitored_resource=\"cloud_run_revision\",service_name=\"${google_cloud_run_v2_service.api.name}\"}"
}
