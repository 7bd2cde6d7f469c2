"""Mistakes to plant in an applied state, each under the name of the policy that has to catch it."""

from __future__ import annotations

from tests.infra.policies.mistakes import Planted, add, change, forget, mistakes

LANDING = 'google_storage_bucket.this["landing"]'
REGISTRY = 'google_storage_bucket.this["registry"]'
SOURCE = 'google_storage_bucket.this["source"]'
JOB, SERVICE = "google_cloud_run_v2_job.train", "google_cloud_run_v2_service.api"
FUNCTION = 'google_cloudfunctions2_function.this["on-csv-landed"]'
PUSH = 'google_pubsub_subscription.push["on-csv-landed"]'
FEEDBACK = "google_pubsub_subscription.feedback"
NIGHTLY = 'google_cloud_scheduler_job.this["nightly"]'
RECEIPTS = "google_storage_bucket_iam_member.train_writes_receipts"
LAID_DOWN = "google_storage_bucket_iam_member.sink_observed"
NO_SUCCESS = 'google_monitoring_alert_policy.logged["No successful run for 3 hours"]'
SLOW = 'google_monitoring_alert_policy.threshold["Slow answers"]'
PROMQL = "conditions.0.condition_prometheus_query_language.0"
AUDIT = "google_project_iam_audit_config.storage_writes[0]"
EVERYBODY = "allAuthenticated" + "Users"

DATABASE = 'google_sql_database_instance.mlflow["server"]'
BUDGET = "google_billing_budget.project[0]"
TASK, CONTAINER = "template.0.template.0", "template.0.containers.0"
BUILDER = "serviceAccount:urgency-builder@local-helpdesk.iam.gserviceaccount.com"
AS_IT_COMES: Planted = {
    # who may do what
    "no_primitive_role": [
        add(
            "google_project_iam_member",
            project="local-helpdesk",
            role="roles/editor",
            member=BUILDER,
        )
    ],
    "no_wide_role": [
        change(RECEIPTS, "role", "roles/storage.objectAdmin"),
        add(
            "google_project_iam_custom_role",
            role_id="everything",
            permissions=["storage.objects.delete"],
        ),
    ],
    "only_operators_override": [
        change(
            'google_cloud_run_v2_job_iam_member.runs["trigger"]',
            "role",
            "roles/run.jobsExecutorWithOverrides",
        ),
    ],
    "nobody_is_everybody": [
        change("google_cloud_run_v2_service_iam_member.reload", "member", "all" + "Users"),
        change(RECEIPTS, "member", EVERYBODY),
    ],
    "no_key": [
        add("google_service_account_key", service_account_id="urgency-train"),
        add("google_storage_hmac_key", service_account_email="urgency-train"),
    ],
    "grants_are_single_members": [
        add("google_storage_bucket_iam_binding", role="roles/storage.objectViewer", members=[])
    ],
    "members_have_a_kind": [
        change(RECEIPTS, "member", "urgency-train@local-helpdesk.iam.gserviceaccount.com")
    ],
    "landing_is_fenced_by_prefix": [
        change(RECEIPTS, "condition", []),
        change(RECEIPTS, "condition.0.expression", 'resource.name.startsWith("")'),
    ],
    "project_grants_are_fenced": [
        change("google_project_iam_member.builder_function_sources", "condition", [])
    ],
    "one_identity_each": [
        change(SERVICE, "template.0.service_account", ""),
        change(
            JOB, f"{TASK}.service_account", "123456789012-compute@developer.gserviceaccount.com"
        ),
        change(
            SERVICE,
            "template.0.service_account",
            "urgency-train@local-helpdesk.iam.gserviceaccount.com",
        ),
    ],
    "builds_have_their_own_account": [change(FUNCTION, "build_config.0.service_account", None)],
    "pusher_may_invoke_each_function": [
        forget('google_cloud_run_v2_service_iam_member.pusher["on-csv-landed"]', FUNCTION)
    ],
    "reload_may_invoke_the_service": [
        forget("google_cloud_run_v2_service_iam_member.reload", "ticket-urgency")
    ],
    "trigger_may_run_the_job": [
        forget('google_cloud_run_v2_job_iam_member.runs["trigger"]', "train")
    ],
    "sinks_may_lay_down_and_no_more": [
        forget(LAID_DOWN, "google_logging_project_sink.observed"),
        change(LAID_DOWN, "role", "roles/storage.objectUser"),
    ],
    "public_follows_its_variable": [change(SERVICE, "invoker_iam_disabled", True)],
    "feedback_is_taken_from_known_callers_only": [change(SERVICE, f"{CONTAINER}.env", [])],
    # what is announced
    "subscriptions_have_dead_letters": [
        change(PUSH, "dead_letter_policy", []),
        change(PUSH, "dead_letter_policy.0.max_delivery_attempts", None),
    ],
    "subscriptions_retry_later_and_later": [change(PUSH, "retry_policy", [])],
    "subscriptions_keep_messages_for_days": [change(PUSH, "message_retention_duration", "86400s")],
    "subscriptions_never_expire": [change(PUSH, "expiration_policy", [])],
    "pushes_are_authenticated": [
        change(PUSH, "push_config.0.oidc_token", []),
        change(
            PUSH,
            "push_config.0.push_endpoint",
            "https://us-central1-p.cloudfunctions.net/on-csv-landed",
        ),
    ],
    "pushes_wait_for_the_function": [change(PUSH, "ack_deadline_seconds", 20)],
    "laid_messages_are_lines_below_a_prefix": [
        change(FEEDBACK, "cloud_storage_config.0.filename_prefix", "incoming/"),
        change(FEEDBACK, "cloud_storage_config.0.text_config", []),
        change(FEEDBACK, "cloud_storage_config.0.max_duration", "601s"),
        forget(
            'google_storage_bucket_iam_member.pubsub_lays_feedback["roles/storage.objectCreator"]',
            "pubsub_subscription.feedback",
        ),
    ],
    "dead_letters_are_kept": [forget("google_pubsub_subscription.dead_letters", "dead-letters")],
    "agent_may_forward_dead_letters": [
        forget("google_pubsub_topic_iam_member.pubsub_forwards", "dead-letters"),
        forget('google_pubsub_subscription_iam_member.pubsub_takes["on-csv-landed"]', PUSH),
    ],
    "agent_may_sign_as_pusher": [
        forget("google_service_account_iam_member.pubsub_signs_as_pusher", "account/urgency-pusher")
    ],
    "notifications_tell_of_incoming_only": [
        change("google_storage_notification.landed", "object_name_prefix", None),
        forget(
            "google_pubsub_topic_iam_member.storage_announces", "google_storage_notification.landed"
        ),
    ],
    # what is stored
    "buckets_have_uniform_access": [change(LANDING, "uniform_bucket_level_access", False)],
    "buckets_are_never_public": [change(LANDING, "public_access_prevention", "inherited")],
    "buckets_keep_versions": [change(REGISTRY, "versioning.0.enabled", False)],
    "buckets_delete_softly": [
        change(LANDING, "soft_delete_policy.0.retention_duration_seconds", 0)
    ],
    "registry_is_never_cleaned": [
        change(LANDING, "lifecycle_rule.0.condition.0.with_state", "ANY"),
        change(LANDING, "lifecycle_rule.1.condition.0.matches_prefix", ["features/", "incoming/"]),
        change(
            REGISTRY,
            "lifecycle_rule",
            [{"action": [{"type": "Delete"}], "condition": [{"age": 30}]}],
        ),
    ],
    "deletion_is_guarded_as_asked": [
        change(JOB, "deletion_protection", True),
        change(LANDING, "force_destroy", False),
    ],
    "writes_are_logged_as_asked": [
        forget(AUDIT, "google_project_iam_audit_config"),
        change(AUDIT, "audit_log_config.0.exempted_members", [BUILDER]),
        change(AUDIT, "audit_log_config.0.log_type", "DATA_READ"),
    ],
    # what runs
    "images_are_pinned": [
        change(
            SERVICE,
            f"{CONTAINER}.image",
            "us-central1-docker.pkg.dev/local-helpdesk/urgency/service:latest",
        ),
        change(
            JOB,
            f"{TASK}.containers.0.image",
            "us-central1-docker.pkg.dev/local-helpdesk/urgency/jobs",
        ),
    ],
    "code_of_functions_is_named_by_its_hash": [
        change(FUNCTION, "build_config.0.source.0.storage_source.0.object", "functions.zip")
    ],
    "cpu_is_billed_while_answering_only": [
        change(SERVICE, f"{CONTAINER}.resources.0.cpu_idle", None)
    ],
    "nothing_idles": [change(SERVICE, "template.0.scaling.0.min_instance_count", 1)],
    "environment_holds_no_secret": [
        change(SERVICE, f"{CONTAINER}.env.0.name", "DATABASE_PASSWORD"),
        change(FUNCTION, "service_config.0.environment_variables", {"API_KEY": "abc"}),
    ],
    "environment_names_are_allowed": [change(SERVICE, f"{CONTAINER}.env.0.name", "K_SERVICE")],
    "functions_are_internal": [change(FUNCTION, "service_config.0.ingress_settings", "ALLOW_ALL")],
    "functions_run_a_known_python": [change(FUNCTION, "build_config.0.runtime", "python3.13")],
    "jobs_are_tried_again": [
        change(JOB, f"{TASK}.max_retries", 1),
        change(JOB, f"{TASK}.timeout", None),
    ],
    "limits_are_what_cloud_run_takes": [
        change(JOB, f"{TASK}.containers.0.resources.0.limits", {"cpu": "1", "memory": "2GB"}),
        change(JOB, f"{TASK}.containers.0.resources.0.limits", {"cpu": "3", "memory": "2Gi"}),
    ],
    "probes_ask_whether_it_lives": [
        change(SERVICE, f"{CONTAINER}.startup_probe.0.http_get.0.path", "/health/ready"),
        change(SERVICE, f"{CONTAINER}.liveness_probe.0.timeout_seconds", 60),
    ],
    "schedules_call_google_by_oauth": [
        change(NIGHTLY, "http_target.0.oidc_token", [{"service_account_email": "x"}]),
        change(NIGHTLY, "http_target.0.http_method", None),
    ],
    "schedules_may_do_what_they_do": [
        forget('google_cloud_run_v2_job_iam_member.runs["scheduler"]', NIGHTLY),
        change(
            NIGHTLY,
            "http_target.0.uri",
            "https://run.googleapis.com/v2/projects/p/locations/l/jobs/t:run",
        ),
    ],
    # what watches
    "alerts_lead_to_their_section": [
        change(NO_SUCCESS, "documentation.0.content", "See docs/operations.md#nowhere-to-be-found"),
        change(NO_SUCCESS, "documentation", []),
    ],
    "alerts_name_metric_and_resource": [
        change(SLOW, "conditions.0.condition_threshold.0.filter", 'metric.type="x"')
    ],
    "alerts_watch_metrics_that_exist": [forget("google_logging_metric.reconciled", NO_SUCCESS)],
    "alerts_last_whole_minutes": [
        change(SLOW, "conditions.0.condition_threshold.0.duration", "90s"),
        change(NO_SUCCESS, f"{PROMQL}.duration", "86400s"),
    ],
    "alerts_wait_for_no_metric": [change(NO_SUCCESS, f"{PROMQL}.disable_metric_validation", False)],
    "only_alerts_on_log_lines_are_limited": [
        change("google_monitoring_alert_policy.landing_emptied", "alert_strategy", []),
        change(NO_SUCCESS, "alert_strategy", [{"notification_rate_limit": [{"period": "3600s"}]}]),
    ],
    "alerts_reach_every_mailbox": [change(NO_SUCCESS, "notification_channels", ["somebody else"])],
    # what a project takes
    "apis_are_enabled": [
        forget('google_project_service.apis["cloudbuild"]', FUNCTION),
        forget('google_project_service.apis["cloudscheduler"]', NIGHTLY),
    ],
    "apis_stay_on": [change('google_project_service.apis["run"]', "disable_on_destroy", True)],
    "names_are_allowed": [
        change(JOB, "name", "Train_Job"),
        change(LANDING, "name", "google-tickets"),
        change('google_service_account.this["train"]', "account_id", "train"),
    ],
    "labels_are_allowed": [change(SERVICE, "labels", {"Team": "Help Desk"})],
    "durations_are_seconds": [change(PUSH, "message_retention_duration", "7d")],
    "schedules_are_cron": [
        change(NIGHTLY, "schedule", "0 2 * *"),
        change(NIGHTLY, "time_zone", "UTC+1"),
    ],
}
EVERYTHING: Planted = {
    "databases_let_in_nobody_without_iam": [
        change(DATABASE, "settings.0.connector_enforcement", "NOT_REQUIRED"),
        change(DATABASE, "settings.0.backup_configuration", []),
        change('google_sql_user.mlflow["server"]', "type", "BUILT_IN"),
    ],
    "budgets_count_this_project": [
        change(BUDGET, "budget_filter.0.projects", ["projects/helpdesk-prod"])
    ],
    "deletion_is_guarded_as_asked": [change(DATABASE, "deletion_protection", False)],
    "sinks_may_lay_down_and_no_more": [
        forget(LAID_DOWN, "google_logging_project_sink.observed"),
        change(LAID_DOWN, "role", "roles/storage.objectUser"),
    ],
    "public_follows_its_variable": [change(SERVICE, "invoker_iam_disabled", False)],
    "feedback_is_taken_from_known_callers_only": [
        change(SERVICE, f"{CONTAINER}.env", [{"name": "URGENCY_FEEDBACK_TOPIC", "value": "x"}])
    ],
    "landing_is_fenced_by_prefix": [
        change(
            'google_storage_bucket_iam_member.uploaders_drop["user:ann@example.com"]',
            "condition.0.expression",
            'resource.name.startsWith("projects/_/buckets/helpdesk-prod-desk-urgency-landing/objects/receipts/")',
        ),
        change(
            'google_storage_bucket_iam_member.uploaders_read_receipts["group:helpdesk@example.com"]',
            "condition",
            [],
        ),
        change(
            'google_storage_bucket_iam_member.uploaders_read_receipts["group:helpdesk@example.com"]',
            "condition.0.expression",
            'resource.name.startsWith("projects/_/buckets/helpdesk-prod-desk-urgency-landing/objects/receipts/")',
        ),
    ],
    "the_planner_changes_nothing": [
        change('google_project_iam_member.ci["planner run.viewer"]', "role", "roles/run.admin")
    ],
    "the_deployer_makes_no_keys": [
        change('google_project_iam_member.ci["deployer run.admin"]', "role", "roles/editor")
    ],
    "federation_is_for_one_repository": [
        change(
            'google_iam_workload_identity_pool_provider.ci["apply"]',
            "attribute_condition",
            "assertion.environment == 'production'",
        ),
        change(
            'google_service_account_iam_member.ci_federated["plan"]',
            "service_account_id",
            "projects/p/serviceAccounts/desk-urgency-deployer@helpdesk-prod.iam.gserviceaccount.com",
        ),
    ],
    "names_begin_with_the_prefix": [
        change(JOB, "name", "train"),
        change(LANDING, "name", "helpdesk-prod-urgency-landing"),
    ],
    "alerts_lead_to_their_section": [change(NO_SUCCESS, "documentation.0.links", [])],
    "project_grants_are_fenced": [
        change('google_project_iam_member.mlflow["roles/cloudsql.client"]', "condition", [])
    ],
}
MISTAKES = [*mistakes("as-it-comes", AS_IT_COMES), *mistakes("everything", EVERYTHING)]
