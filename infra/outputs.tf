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

output "read_dead_letters" {
  description = "Messages that could not be delivered; without --auto-ack they stay."
  value       = "gcloud pubsub subscriptions pull ${google_pubsub_subscription.dead_letters.name} --project ${var.project_id} --limit 10"
}

output "settings" {
  description = "Environment of the urgency command: eval \"$(terraform output -raw settings)\"."
  value = join("", [for name, value in {
    URGENCY_PROJECT         = var.project_id
    URGENCY_REGION          = var.region
    URGENCY_LANDING_BUCKET  = google_storage_bucket.this["landing"].name
    URGENCY_REGISTRY_BUCKET = google_storage_bucket.this["registry"].name
    URGENCY_CONTROL_BUCKET  = google_storage_bucket.this["control"].name
    URGENCY_OBSERVED_BUCKET = google_storage_bucket.observed.name
    URGENCY_RELEASE_TOPIC   = google_pubsub_topic.this["model-released"].name
    URGENCY_TRAIN_JOB       = google_cloud_run_v2_job.train.name
    URGENCY_SERVICE_URL     = google_cloud_run_v2_service.api.uri
    URGENCY_DEAD_LETTERS    = google_pubsub_subscription.dead_letters.name
  } : "export ${name}=${value}\n"])
}

output "images" {
  description = "What job and service run now, or the candidate of the service while one is on trial."
  value       = { jobs = local.job_image, service = local.service_image }
}

output "candidate_url" {
  description = "Where the candidate answers while it has no traffic; ask with a token made for the service's own address."
  value       = var.candidate == null ? null : replace(google_cloud_run_v2_service.api.uri, "https://", "https://candidate---")
}
