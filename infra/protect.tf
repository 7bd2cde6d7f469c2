# What stops before anything is lost: Terraform pointed at the state of another installation, names that would
# make everything anew, and a destroy that was not meant.

locals {
  # With another one of these nothing of what is there could stay, buckets included.
  installation = { project_id = var.project_id, region = var.region, name_prefix = var.name_prefix }
}

# The state remembers whose it is.
resource "terraform_data" "installation" {
  input = local.installation

  lifecycle {
    ignore_changes = [input]
    postcondition {
      condition = self.input == local.installation
      error_message = join(" ", [
        "This state was made with ${join(", ", [for name, value in self.input : "${name} = \"${value}\"" if value != local.installation[name]])},",
        "and now ${join(", ", [for name, value in local.installation : "${name} = \"${value}\"" if value != self.input[name]])} is given.",
        "Nothing was done: all that was made would be deleted, tickets and models too.",
        "If another installation was meant, point Terraform at its state:",
        "terraform -chdir=infra init -reconfigure -backend-config=bucket=${var.project_id}-tfstate (docs/deploy.md, Environments).",
        "To move this one, make the new one beside it and copy the tickets (docs/deploy.md, Moving).",
      ])
    }
  }
}

# A refused destroy must not have removed half of everything before. This goes first, because it depends on all the rest
# (tests/infra/test_protect.py says when something is left out), and refuses while `protect` was true at the last apply.
resource "terraform_data" "protect" {
  input = var.protect

  provisioner "local-exec" {
    when    = destroy
    command = tobool(self.input) ? "echo 'protect is on: nothing was destroyed. Apply with protect = false first, then destroy.' >&2; exit 1" : "exit 0"
  }

  depends_on = [
    google_artifact_registry_repository.this,
    google_artifact_registry_repository_iam_member.builder,
    google_artifact_registry_repository_iam_member.dataflow,
    google_billing_budget.project,
    google_cloud_run_v2_job.drift,
    google_cloud_run_v2_job.score,
    google_cloud_run_v2_job.train,
    google_cloud_run_v2_job_iam_member.drift_runs,
    google_cloud_run_v2_job_iam_member.operators_run,
    google_cloud_run_v2_job_iam_member.operators_score,
    google_cloud_run_v2_job_iam_member.operators_watch,
    google_cloud_run_v2_job_iam_member.operators_watch_scoring,
    google_cloud_run_v2_job_iam_member.runs,
    google_cloud_run_v2_service.api,
    google_cloud_run_v2_service.mlflow,
    google_cloud_run_v2_service_iam_member.callers,
    google_cloud_run_v2_service_iam_member.ci_tries,
    google_cloud_run_v2_service_iam_member.helpdesks,
    google_cloud_run_v2_service_iam_member.mlflow,
    google_cloud_run_v2_service_iam_member.operators_mlflow,
    google_cloud_run_v2_service_iam_member.pusher,
    google_cloud_run_v2_service_iam_member.reload,
    google_cloud_run_v2_service_iam_member.webhook,
    google_cloud_scheduler_job.drift,
    google_cloud_scheduler_job.heartbeat,
    google_cloud_scheduler_job.this,
    google_cloudfunctions2_function.this,
    google_cloudfunctions2_function.webhook,
    google_compute_network.dataflow,
    google_compute_subnetwork.dataflow,
    google_iam_workload_identity_pool.ci,
    google_iam_workload_identity_pool_provider.ci,
    google_logging_log_view.operators,
    google_logging_log_view_iam_member.operators,
    google_logging_metric.drift_index,
    google_logging_metric.heartbeat,
    google_logging_metric.held,
    google_logging_metric.model_age,
    google_logging_metric.reconciled,
    google_logging_metric.serving,
    google_logging_metric.verdicts,
    google_logging_project_sink.observed,
    google_monitoring_alert_policy.drift,
    google_monitoring_alert_policy.failing_answers,
    google_monitoring_alert_policy.landing_emptied,
    google_monitoring_alert_policy.logged,
    google_monitoring_alert_policy.quality_fell,
    google_monitoring_alert_policy.threshold,
    google_monitoring_dashboard.this,
    google_monitoring_notification_channel.email,
    google_project_iam_audit_config.storage_writes,
    google_project_iam_member.builder_function_sources,
    google_project_iam_member.builder_logs,
    google_project_iam_member.ci,
    google_project_iam_member.dataflow,
    google_project_iam_member.mlflow,
    google_project_iam_member.operators_quota,
    google_project_service.apis,
    google_project_service.cloudresourcemanager,
    google_project_service.optional,
    google_project_service_identity.pubsub,
    google_pubsub_subscription.dead_letters,
    google_pubsub_subscription.dead_letters_told,
    google_pubsub_subscription.feedback,
    google_pubsub_subscription.push,
    google_pubsub_subscription_iam_member.operators_dead_letters,
    google_pubsub_subscription_iam_member.operators_see_the_topic,
    google_pubsub_subscription_iam_member.pubsub_takes,
    google_pubsub_subscription_iam_member.pubsub_takes_feedback,
    google_pubsub_topic.feedback,
    google_pubsub_topic.notices,
    google_pubsub_topic.scored,
    google_pubsub_topic.this,
    google_pubsub_topic_iam_member.operators_publish,
    google_pubsub_topic_iam_member.pubsub_forwards,
    google_pubsub_topic_iam_member.scheduler_beats,
    google_pubsub_topic_iam_member.serve_publishes_feedback,
    google_pubsub_topic_iam_member.storage_announces,
    google_pubsub_topic_iam_member.train_announces,
    google_pubsub_topic_iam_member.train_notifies,
    google_pubsub_topic_iam_member.webhook_publishes,
    google_secret_manager_secret_iam_member.notices,
    google_secret_manager_secret_iam_member.webhook,
    google_service_account.ci,
    google_service_account.dataflow,
    google_service_account.mlflow,
    google_service_account.notices,
    google_service_account.this,
    google_service_account.webhook,
    google_service_account_iam_member.ci_federated,
    google_service_account_iam_member.ci_signs_for_itself,
    google_service_account_iam_member.pubsub_signs_as_pusher,
    google_sql_database.mlflow,
    google_sql_database_instance.mlflow,
    google_sql_user.mlflow,
    google_storage_bucket.this,
    google_storage_bucket_iam_member.builder_source,
    google_storage_bucket_iam_member.ci_plans,
    google_storage_bucket_iam_member.dataflow_reads,
    google_storage_bucket_iam_member.dataflow_stages,
    google_storage_bucket_iam_member.dataflow_writes,
    google_storage_bucket_iam_member.drift_reads,
    google_storage_bucket_iam_member.drift_writes,
    google_storage_bucket_iam_member.features_reads,
    google_storage_bucket_iam_member.features_stages,
    google_storage_bucket_iam_member.features_writes,
    google_storage_bucket_iam_member.operators_archive,
    google_storage_bucket_iam_member.operators_control,
    google_storage_bucket_iam_member.operators_landing,
    google_storage_bucket_iam_member.operators_observed,
    google_storage_bucket_iam_member.operators_registry,
    google_storage_bucket_iam_member.pubsub_lays_feedback,
    google_storage_bucket_iam_member.score_reads,
    google_storage_bucket_iam_member.score_writes,
    google_storage_bucket_iam_member.serve,
    google_storage_bucket_iam_member.sink_observed,
    google_storage_bucket_iam_member.train_control,
    google_storage_bucket_iam_member.train_reads_landing,
    google_storage_bucket_iam_member.train_registry,
    google_storage_bucket_iam_member.train_writes_receipts,
    google_storage_bucket_iam_member.uploaders_drop,
    google_storage_bucket_iam_member.uploaders_read_receipts,
    google_storage_bucket_object.functions,
    google_storage_notification.landed,
    terraform_data.image,
    terraform_data.installation,
    terraform_data.mlflow,
    terraform_data.preflight,
    time_sleep.apis,
    time_sleep.builder,
    time_sleep.mlflow,
    time_sleep.notices,
    time_sleep.optional,
    time_sleep.pubsub_lays_feedback,
    time_sleep.storage_announces,
    time_sleep.webhook,
  ]
}
