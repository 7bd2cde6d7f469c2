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

run "ready_made_images_are_not_built" {
  command = plan
  variables {
    images = { jobs = "r.dev/p/jobs:7", service = "r.dev/p/service:7" }
  }

  assert {
    condition     = length(terraform_data.image) == 0
    error_message = "Nothing is built."
  }
  assert {
    condition     = google_cloud_run_v2_job.train.template[0].template[0].containers[0].image == "r.dev/p/jobs:7"
    error_message = "The job runs the image given."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == "r.dev/p/service:7"
    error_message = "The service runs the image given."
  }
}

run "the_tracking_server_has_an_image_of_its_own" {
  command = plan
  variables {
    mlflow = "server"
    images = { jobs = "r.dev/p/jobs:7", service = "r.dev/p/service:7" }
  }

  assert {
    condition     = join(" ", keys(terraform_data.image)) == "infra/mlflow"
    error_message = "It is built from infra/mlflow, for images names none."
  }
  assert {
    condition     = google_cloud_run_v2_service.mlflow["server"].template[0].containers[0].image == terraform_data.image["infra/mlflow"].triggers_replace
    error_message = "The server runs the image that is built."
  }
}

run "a_ready_made_tracking_server_is_not_built" {
  command = plan
  variables {
    mlflow = "server"
    images = { jobs = "r.dev/p/jobs:7", service = "r.dev/p/service:7", mlflow = "r.dev/p/mlflow:7" }
  }

  assert {
    condition     = length(terraform_data.image) == 0 && google_cloud_run_v2_service.mlflow["server"].template[0].containers[0].image == "r.dev/p/mlflow:7"
    error_message = "The server runs the image given."
  }
}

run "protect_keeps_from_deleting" {
  command = plan
  variables {
    protect = true
  }

  assert {
    condition     = google_cloud_run_v2_job.train.deletion_protection && google_cloud_run_v2_service.api.deletion_protection
    error_message = "Job and service are protected."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : !bucket.force_destroy])
    error_message = "A bucket with objects is not deleted."
  }
}

run "public_needs_no_grant_to_everybody" {
  command = plan
  variables {
    public = true
  }

  assert {
    condition     = google_cloud_run_v2_service.api.invoker_iam_disabled && length(google_cloud_run_v2_service_iam_member.callers) == 0
    error_message = "Public means that the invoker check is off; domain-restricted sharing would refuse allUsers."
  }
}

run "people_get_what_they_need" {
  command = plan
  variables {
    uploaders = ["user:ann@example.com", "group:oncall@example.com"]
    operators = ["group:oncall@example.com"]
    callers   = ["serviceAccount:desk@example-project.iam.gserviceaccount.com"]
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
}

run "settings_reach_the_job" {
  command = plan
  variables {
    settings = { URGENCY_MISSED_COST = "10" }
  }

  assert {
    condition     = contains([for env in google_cloud_run_v2_job.train.template[0].template[0].containers[0].env : "${env.name}=${env.value}" if env.name == "URGENCY_MISSED_COST"], "URGENCY_MISSED_COST=10")
    error_message = "The job trains with the cost given."
  }
}

run "writes_to_buckets_are_logged_unless_the_project_does_so_itself" {
  command = plan
  variables {
    audit_writes = false
  }

  assert {
    condition     = length(google_project_iam_audit_config.storage_writes) == 0
    error_message = "The project's own audit configuration is left alone."
  }
}
