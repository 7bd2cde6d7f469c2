"""Mistakes to plant in an applied state, each under the name of the policy that has to catch it."""

from __future__ import annotations

from dataclasses import replace

from tests.infra.policies.mistakes import Mistake, add, change, forget

LANDING = 'google_storage_bucket.this["landing"]'
REGISTRY = 'google_storage_bucket.this["registry"]'
SOURCE = 'google_storage_bucket.this["source"]'
JOB, SERVICE = "google_cloud_run_v2_job.train", "google_cloud_run_v2_service.api"
FUNCTION = 'google_cloudfunctions2_function.this["on-csv-landed"]'
PUSH = 'google_pubsub_subscription.push["on-csv-landed"]'
NIGHTLY = 'google_cloud_scheduler_job.this["nightly"]'
RECEIPTS = "google_storage_bucket_iam_member.train_writes_receipts"
NO_SUCCESS = "google_monitoring_alert_policy.no_success"
EVERYBODY = "allAuthenticated" + "Users"

DATABASE = 'google_sql_database_instance.mlflow["server"]'
BUDGET = "google_billing_budget.project[0]"
TASK, CONTAINER = "template.0.template.0", "template.0.containers.0"
BUILDER = "serviceAccount:urgency-builder@local-helpdesk.iam.gserviceaccount.com"
MISTAKES: list[Mistake] = [
    # who may do what
    add(
        "no_primitive_role",
        "google_project_iam_member",
        project="local-helpdesk",
        role="roles/editor",
        member=BUILDER,
    ),
    change("no_wide_role", RECEIPTS, "role", "roles/storage.objectAdmin"),
    change(
        "no_wide_role",
        'google_cloud_run_v2_job_iam_member.runs["trigger"]',
        "role",
        "roles/run.jobsExecutorWithOverrides",
    ),
    add(
        "no_wide_role",
        "google_project_iam_custom_role",
        role_id="everything",
        permissions=["storage.objects.delete"],
    ),
    change(
        "nobody_is_everybody",
        "google_cloud_run_v2_service_iam_member.reload",
        "member",
        "all" + "Users",
    ),
    change("nobody_is_everybody", RECEIPTS, "member", EVERYBODY),
    add("no_key", "google_service_account_key", service_account_id="urgency-train"),
    add("no_key", "google_storage_hmac_key", service_account_email="urgency-train"),
    add(
        "grants_are_single_members",
        "google_storage_bucket_iam_binding",
        role="roles/storage.objectViewer",
        members=[],
    ),
    change(
        "members_have_a_kind",
        RECEIPTS,
        "member",
        "urgency-train@local-helpdesk.iam.gserviceaccount.com",
    ),
    change("landing_is_fenced_by_prefix", RECEIPTS, "condition", []),
    change(
        "landing_is_fenced_by_prefix",
        RECEIPTS,
        "condition.0.expression",
        'resource.name.startsWith("")',
    ),
    change(
        "project_grants_are_fenced",
        "google_project_iam_member.builder_function_sources",
        "condition",
        [],
    ),
    change("one_identity_each", SERVICE, "template.0.service_account", ""),
    change(
        "one_identity_each",
        JOB,
        f"{TASK}.service_account",
        "123456789012-compute@developer.gserviceaccount.com",
    ),
    change(
        "one_identity_each",
        SERVICE,
        "template.0.service_account",
        "urgency-train@local-helpdesk.iam.gserviceaccount.com",
    ),
    change("builds_have_their_own_account", FUNCTION, "build_config.0.service_account", None),
    forget(
        "pusher_may_invoke_each_function",
        'google_cloud_run_v2_service_iam_member.pusher["on-csv-landed"]',
        FUNCTION,
    ),
    forget(
        "reload_may_invoke_the_service",
        "google_cloud_run_v2_service_iam_member.reload",
        "ticket-urgency",
    ),
    forget(
        "trigger_may_run_the_job", 'google_cloud_run_v2_job_iam_member.runs["trigger"]', "train"
    ),
    change("public_follows_its_variable", SERVICE, "invoker_iam_disabled", True),
    # what is announced
    change("subscriptions_have_dead_letters", PUSH, "dead_letter_policy", []),
    change(
        "subscriptions_have_dead_letters", PUSH, "dead_letter_policy.0.max_delivery_attempts", None
    ),
    change("subscriptions_retry_later_and_later", PUSH, "retry_policy", []),
    change("subscriptions_keep_messages_for_days", PUSH, "message_retention_duration", "86400s"),
    change("subscriptions_never_expire", PUSH, "expiration_policy", []),
    change("pushes_are_authenticated", PUSH, "push_config.0.oidc_token", []),
    change(
        "pushes_are_authenticated",
        PUSH,
        "push_config.0.push_endpoint",
        "https://us-central1-p.cloudfunctions.net/on-csv-landed",
    ),
    change("pushes_wait_for_the_function", PUSH, "ack_deadline_seconds", 20),
    forget("dead_letters_are_kept", "google_pubsub_subscription.dead_letters", "dead-letters"),
    forget(
        "agent_may_forward_dead_letters",
        "google_pubsub_topic_iam_member.pubsub_forwards",
        "dead-letters",
    ),
    forget(
        "agent_may_forward_dead_letters",
        'google_pubsub_subscription_iam_member.pubsub_takes["on-csv-landed"]',
        PUSH,
    ),
    forget(
        "agent_may_sign_as_pusher",
        "google_service_account_iam_member.pubsub_signs_as_pusher",
        "account/urgency-pusher",
    ),
    change(
        "notifications_tell_of_incoming_only",
        "google_storage_notification.landed",
        "object_name_prefix",
        None,
    ),
    forget(
        "notifications_tell_of_incoming_only",
        "google_pubsub_topic_iam_member.storage_announces",
        "google_storage_notification.landed",
    ),
    # what is stored
    change("buckets_have_uniform_access", LANDING, "uniform_bucket_level_access", False),
    change("buckets_are_never_public", LANDING, "public_access_prevention", "inherited"),
    change("buckets_keep_versions", REGISTRY, "versioning.0.enabled", False),
    change("buckets_delete_softly", LANDING, "soft_delete_policy.0.retention_duration_seconds", 0),
    change("registry_is_never_cleaned", LANDING, "lifecycle_rule.0.condition.0.with_state", "ANY"),
    change(
        "registry_is_never_cleaned",
        REGISTRY,
        "lifecycle_rule",
        [{"action": [{"type": "Delete"}], "condition": [{"age": 30}]}],
    ),
    change("deletion_is_guarded_as_asked", JOB, "deletion_protection", True),
    change("deletion_is_guarded_as_asked", LANDING, "force_destroy", False),
    # what runs
    change(
        "images_are_pinned",
        SERVICE,
        f"{CONTAINER}.image",
        "us-central1-docker.pkg.dev/local-helpdesk/urgency/service:latest",
    ),
    change(
        "images_are_pinned",
        JOB,
        f"{TASK}.containers.0.image",
        "us-central1-docker.pkg.dev/local-helpdesk/urgency/jobs",
    ),
    change(
        "code_of_functions_is_named_by_its_hash",
        FUNCTION,
        "build_config.0.source.0.storage_source.0.object",
        "functions.zip",
    ),
    change(
        "cpu_is_billed_while_answering_only", SERVICE, f"{CONTAINER}.resources.0.cpu_idle", None
    ),
    change("nothing_idles", SERVICE, "template.0.scaling.0.min_instance_count", 1),
    change("environment_holds_no_secret", SERVICE, f"{CONTAINER}.env.0.name", "DATABASE_PASSWORD"),
    change(
        "environment_holds_no_secret",
        FUNCTION,
        "service_config.0.environment_variables",
        {"API_KEY": "abc"},
    ),
    change("environment_names_are_allowed", SERVICE, f"{CONTAINER}.env.0.name", "K_SERVICE"),
    change("functions_are_internal", FUNCTION, "service_config.0.ingress_settings", "ALLOW_ALL"),
    change("functions_run_a_known_python", FUNCTION, "build_config.0.runtime", "python3.13"),
    change("jobs_are_tried_again", JOB, f"{TASK}.max_retries", 1),
    change("jobs_are_tried_again", JOB, f"{TASK}.timeout", None),
    change(
        "limits_are_what_cloud_run_takes",
        JOB,
        f"{TASK}.containers.0.resources.0.limits",
        {"cpu": "1", "memory": "2GB"},
    ),
    change(
        "limits_are_what_cloud_run_takes",
        JOB,
        f"{TASK}.containers.0.resources.0.limits",
        {"cpu": "3", "memory": "2Gi"},
    ),
    change(
        "probes_ask_whether_it_lives",
        SERVICE,
        f"{CONTAINER}.startup_probe.0.http_get.0.path",
        "/health/ready",
    ),
    change(
        "probes_ask_whether_it_lives", SERVICE, f"{CONTAINER}.liveness_probe.0.timeout_seconds", 60
    ),
    change(
        "schedules_call_google_by_oauth",
        NIGHTLY,
        "http_target.0.oidc_token",
        [{"service_account_email": "x"}],
    ),
    change("schedules_call_google_by_oauth", NIGHTLY, "http_target.0.http_method", None),
    forget(
        "schedules_may_run_their_job",
        'google_cloud_run_v2_job_iam_member.runs["scheduler"]',
        NIGHTLY,
    ),
    change(
        "schedules_may_run_their_job",
        NIGHTLY,
        "http_target.0.uri",
        "https://run.googleapis.com/v2/projects/p/locations/l/jobs/t:run",
    ),
    # what watches
    change(
        "alerts_lead_to_their_section",
        NO_SUCCESS,
        "documentation.0.content",
        "See docs/operations.md#nowhere-to-be-found",
    ),
    change("alerts_lead_to_their_section", NO_SUCCESS, "documentation", []),
    change(
        "alerts_name_metric_and_resource",
        NO_SUCCESS,
        "conditions.0.condition_absent.0.filter",
        'metric.type="x"',
    ),
    forget("alerts_watch_metrics_that_exist", "google_logging_metric.reconciled", NO_SUCCESS),
    change(
        "alerts_last_whole_minutes", NO_SUCCESS, "conditions.0.condition_absent.0.duration", "90s"
    ),
    change(
        "alerts_last_whole_minutes",
        NO_SUCCESS,
        "conditions.0.condition_absent.0.duration",
        "86400s",
    ),
    change(
        "only_alerts_on_log_lines_are_limited",
        "google_monitoring_alert_policy.landing_emptied",
        "alert_strategy",
        [],
    ),
    change(
        "only_alerts_on_log_lines_are_limited",
        NO_SUCCESS,
        "alert_strategy",
        [{"notification_rate_limit": [{"period": "3600s"}]}],
    ),
    change("alerts_reach_every_mailbox", NO_SUCCESS, "notification_channels", ["somebody else"]),
    # what a project takes
    forget("apis_are_enabled", 'google_project_service.apis["cloudbuild"]', FUNCTION),
    forget("apis_are_enabled", 'google_project_service.apis["cloudscheduler"]', NIGHTLY),
    change("apis_stay_on", 'google_project_service.apis["run"]', "disable_on_destroy", True),
    change("names_are_allowed", JOB, "name", "Train_Job"),
    change("names_are_allowed", LANDING, "name", "google-tickets"),
    change("names_are_allowed", 'google_service_account.this["train"]', "account_id", "train"),
    change("labels_are_allowed", SERVICE, "labels", {"Team": "Help Desk"}),
    change("durations_are_seconds", PUSH, "message_retention_duration", "7d"),
    change("schedules_are_cron", NIGHTLY, "schedule", "0 2 * *"),
    change("schedules_are_cron", NIGHTLY, "time_zone", "UTC+1"),
    # what is optional
    *(
        replace(mistake, environment="everything")
        for mistake in (
            change(
                "databases_let_in_nobody_without_iam",
                DATABASE,
                "settings.0.connector_enforcement",
                "NOT_REQUIRED",
            ),
            change(
                "databases_let_in_nobody_without_iam",
                DATABASE,
                "settings.0.backup_configuration",
                [],
            ),
            change(
                "databases_let_in_nobody_without_iam",
                'google_sql_user.mlflow["server"]',
                "type",
                "BUILT_IN",
            ),
            change(
                "budgets_count_this_project",
                BUDGET,
                "budget_filter.0.projects",
                ["projects/helpdesk-prod"],
            ),
            change("deletion_is_guarded_as_asked", DATABASE, "deletion_protection", False),
            change("public_follows_its_variable", SERVICE, "invoker_iam_disabled", False),
            change(
                "landing_is_fenced_by_prefix",
                'google_storage_bucket_iam_member.uploaders_drop["user:ann@example.com"]',
                "condition.0.expression",
                'resource.name.startsWith("projects/_/buckets/helpdesk-prod-urgency-landing/objects/receipts/")',
            ),
            change(
                "landing_is_fenced_by_prefix",
                'google_storage_bucket_iam_member.uploaders_read_receipts["group:helpdesk@example.com"]',
                "condition",
                [],
            ),
            change(
                "project_grants_are_fenced",
                'google_project_iam_member.mlflow["roles/cloudsql.client"]',
                "condition",
                [],
            ),
        )
    ),
]
