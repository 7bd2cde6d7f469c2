# What the variables do to the plan.
mock_provider "google" {}
mock_provider "google" {
  alias = "billed"
}
mock_provider "google-beta" {}
mock_provider "archive" {}
mock_provider "time" {}

variables {
  project_id = "helpdesk-test"
}

run "project_id_is_enough" {
  command = plan

  assert {
    condition     = length(terraform_data.image) == 2
    error_message = "The images of job and service are built during apply."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : startswith(bucket.name, "helpdesk-test-urgency-")])
    error_message = "Names of buckets are global and start with the project."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.traffic[0].type == "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" && google_cloud_run_v2_service.api.traffic[0].percent == 100
    error_message = "All traffic goes to the latest revision."
  }
  assert {
    condition     = !google_cloud_run_v2_service.api.invoker_iam_disabled
    error_message = "The service is private."
  }
  assert {
    condition     = google_cloud_scheduler_job.this["nightly"].schedule == "0 2 * * *"
    error_message = "The nightly run starts at 02:00."
  }
  assert {
    condition     = length(google_storage_bucket_iam_member.uploaders_drop) + length(google_storage_bucket_iam_member.operators_control) + length(google_cloud_run_v2_service_iam_member.callers) == 0
    error_message = "No person may do anything."
  }
  assert {
    condition     = length(google_sql_database_instance.mlflow) + length(google_billing_budget.project) == 0
    error_message = "Nothing optional, nothing that costs money when idle."
  }
  assert {
    condition     = length(google_cloudfunctions2_function.webhook) + length(google_cloud_run_v2_service_iam_member.helpdesks) == 0
    error_message = "No helpdesk is answered, and nothing is open to everybody."
  }
  assert {
    condition     = length(google_cloudfunctions2_function.this) == 2 && length(google_pubsub_topic.notices) + length(google_pubsub_subscription.dead_letters_told) == 0
    error_message = "Nobody is told by webhook."
  }
  assert {
    condition     = output.candidate_url == null
    error_message = "Nothing is on trial."
  }
}

run "what_is_asked_for_is_made_so" {
  command = plan
  variables {
    mlflow       = "server"
    images       = { jobs = "r.dev/p/jobs:7", service = "r.dev/p/service:7", mlflow = "r.dev/p/mlflow:7" }
    protect      = true
    uploaders    = ["user:ann@example.com", "group:oncall@example.com"]
    operators    = ["group:oncall@example.com"]
    callers      = ["serviceAccount:desk@example-project.iam.gserviceaccount.com"]
    settings     = { URGENCY_MISSED_COST = "10" }
    audit_writes = false
  }

  assert {
    condition     = length(terraform_data.image) == 0
    error_message = "Ready-made images are not built."
  }
  assert {
    condition     = google_cloud_run_v2_job.train.template[0].template[0].containers[0].image == "r.dev/p/jobs:7"
    error_message = "The job runs the image given."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == "r.dev/p/service:7"
    error_message = "The service runs the image given."
  }
  assert {
    condition     = google_cloud_run_v2_service.mlflow["server"].template[0].containers[0].image == "r.dev/p/mlflow:7"
    error_message = "The tracking server runs the image given."
  }
  assert {
    condition     = google_cloud_run_v2_job.train.deletion_protection && google_cloud_run_v2_service.api.deletion_protection
    error_message = "Job and service are protected."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : !bucket.force_destroy])
    error_message = "A bucket with objects is not deleted."
  }
  assert {
    condition     = alltrue([for grant in google_storage_bucket_iam_member.uploaders_drop : startswith(grant.condition[0].expression, "resource.name.startsWith(\"projects/_/buckets/helpdesk-test-urgency-landing/objects/incoming/\") || api.getAttribute(")])
    error_message = "Uploaders write below incoming/ only, and list what lies there."
  }
  assert {
    condition     = join(" ", keys(google_storage_bucket_iam_member.uploaders_read_receipts)) == "user:ann@example.com"
    error_message = "Operators read receipts as they read the whole bucket."
  }
  assert {
    condition     = join(" ", keys(google_cloud_run_v2_service_iam_member.callers)) == "serviceAccount:desk@example-project.iam.gserviceaccount.com"
    error_message = "Callers may predict, and nobody else is made one."
  }
  assert {
    condition     = contains([for env in google_cloud_run_v2_job.train.template[0].template[0].containers[0].env : "${env.name}=${env.value}" if env.name == "URGENCY_MISSED_COST"], "URGENCY_MISSED_COST=10")
    error_message = "The job trains with the cost given."
  }
  assert {
    condition     = length(google_project_iam_audit_config.storage_writes) == 0
    error_message = "The project's own audit configuration is left alone."
  }
}

run "a_public_service_and_a_tracking_server_whose_image_is_not_given" {
  command = plan
  variables {
    public = true
    mlflow = "server"
    images = { jobs = "r.dev/p/jobs:7", service = "r.dev/p/service:7" }
  }

  assert {
    condition     = google_cloud_run_v2_service.api.invoker_iam_disabled && length(google_cloud_run_v2_service_iam_member.callers) == 0
    error_message = "Public means that the invoker check is off; domain-restricted sharing would refuse allUsers."
  }
  assert {
    condition     = join(" ", keys(terraform_data.image)) == "infra/mlflow"
    error_message = "The server's image is built from infra/mlflow, for images names none."
  }
  assert {
    condition     = google_cloud_run_v2_service.mlflow["server"].template[0].containers[0].image == terraform_data.image["infra/mlflow"].triggers_replace
    error_message = "The server runs the image that is built."
  }
}
