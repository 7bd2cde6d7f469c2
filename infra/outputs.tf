output "drop_files_here" {
  description = "Drop a CSV of labelled tickets here and a run starts."
  value       = "gs://${google_storage_bucket.this["landing"].name}/incoming/"
}

output "read_receipts_here" {
  description = "What became of each dropped file."
  value       = "gs://${google_storage_bucket.this["landing"].name}/receipts/"
}

output "predict_url" {
  description = "Where predictions are asked for."
  value       = "${google_cloud_run_v2_service.api.uri}/v1/predict"
}

output "predict_now" {
  description = "A prediction from the shell, as a person in var.callers."
  value       = <<-EOT
    curl ${google_cloud_run_v2_service.api.uri}/v1/predict \
      -H "Authorization: Bearer $(gcloud auth print-identity-token)" -H "Content-Type: application/json" \
      -d '{"title": "Printer on fire", "description": "Smoke comes out of the tray, everybody left the room"}'
  EOT
}

output "dashboard_url" {
  description = "Does it answer, with which model, and is that model kept good?"
  value       = "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(google_monitoring_dashboard.this.id)}?project=${var.project_id}"
}

output "train_now" {
  description = "Start a run without dropping a file."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.train.name} --project ${var.project_id} --region ${var.region} --wait"
}

output "settings" {
  description = "A profile of the urgency command: terraform output -json settings | urgency profile add NAME."
  value = merge({
    URGENCY_PROJECT         = var.project_id
    URGENCY_REGION          = var.region
    URGENCY_LANDING_BUCKET  = google_storage_bucket.this["landing"].name
    URGENCY_REGISTRY_BUCKET = google_storage_bucket.this["registry"].name
    URGENCY_CONTROL_BUCKET  = google_storage_bucket.this["control"].name
    URGENCY_OBSERVED_BUCKET = google_storage_bucket.this["observed"].name
    URGENCY_RELEASE_TOPIC   = google_pubsub_topic.this["model-released"].name
    URGENCY_TRAIN_JOB       = google_cloud_run_v2_job.train.name
    URGENCY_SCORE_JOB       = google_cloud_run_v2_job.score.name
    URGENCY_SERVICE_URL     = google_cloud_run_v2_service.api.uri
    URGENCY_DEAD_LETTERS    = google_pubsub_subscription.dead_letters.name
    URGENCY_LOG_VIEW        = "projects/${var.project_id}/locations/global/buckets/_Default/views/${google_logging_log_view.operators.name}"
    URGENCY_CONTAINERS      = join(",", concat([google_cloud_run_v2_job.train.name, google_cloud_run_v2_job.score.name, google_cloud_run_v2_job.drift.name, google_cloud_run_v2_service.api.name], [for one in google_cloudfunctions2_function.this : one.name]))
  }, { for _ in local.mlflow : "URGENCY_MLFLOW_SERVICE" => google_cloud_run_v2_service.mlflow["server"].name })
}

output "mlflow" {
  description = "MLflow's private server at http://127.0.0.1:5000, as a person in var.operators; urgency mlflow runs it. null: there is no server."
  value       = one([for service in google_cloud_run_v2_service.mlflow : "gcloud run services proxy ${service.name} --project ${var.project_id} --region ${var.region} --port 5000"])
}

output "images" {
  description = "What job and service run now, or the candidate of the service while one is on trial."
  value       = { jobs = local.job_image, service = local.service_image }
}

output "candidate_url" {
  description = "Where the candidate answers while it has no traffic; ask with a token made for the service's own address."
  value       = !local.is_on_trial ? null : replace(google_cloud_run_v2_service.api.uri, "https://", "https://candidate---")
}
