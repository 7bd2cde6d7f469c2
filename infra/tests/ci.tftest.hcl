# Where CI releases, people and CI are one writer: nobody's apply takes back what the other did.
mock_provider "google" {}
mock_provider "google" {
  alias = "billed"
}
mock_provider "google-beta" {}
mock_provider "archive" {}
mock_provider "time" {}

variables {
  project_id = "helpdesk-test"
  ci         = {}
  callers    = ["user:ann@example.com"]
}

override_data {
  target = data.google_cloud_run_v2_job.current
  values = {
    template = [{ template = [{ containers = [{ image = "r.dev/p/jobs:b7" }] }] }]
  }
}

override_data {
  target = data.google_cloud_run_v2_service.current
  values = {
    template              = [{ containers = [{ image = "r.dev/p/service:b7" }] }]
    latest_ready_revision = "projects/helpdesk-test/locations/us-central1/services/ticket-urgency/revisions/ticket-urgency-00007-abc"
    traffic               = [{ type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent = 100, revision = "", tag = "" }]
  }
}

run "a_persons_apply_keeps_what_ci_released" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == "r.dev/p/service:b7"
    error_message = "The service keeps its image."
  }
  assert {
    condition     = google_cloud_run_v2_job.train.template[0].template[0].containers[0].image == "r.dev/p/jobs:b7"
    error_message = "The job keeps its image."
  }
  assert {
    condition     = length(terraform_data.image) == 0
    error_message = "Nothing is built."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.api.traffic) == 1 && google_cloud_run_v2_service.api.traffic[0].type == "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    error_message = "The latest revision has all traffic, as before."
  }
  assert {
    condition     = length(google_iam_workload_identity_pool.ci) == 0 && join(" ", keys(google_service_account.ci)) == "deployer"
    error_message = "Cloud Build needs an account and no federation."
  }
}

run "a_persons_apply_does_not_promote_a_candidate_that_failed" {
  command = plan

  override_data {
    target = data.google_cloud_run_v2_service.current
    values = {
      template              = [{ containers = [{ image = "r.dev/p/service:b8-failed" }] }]
      latest_ready_revision = "projects/helpdesk-test/locations/us-central1/services/ticket-urgency/revisions/ticket-urgency-00008-failed"
      traffic = [
        { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", percent = 100, revision = "ticket-urgency-00007-abc", tag = "" },
        { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent = 0, revision = "", tag = "candidate" },
      ]
    }
  }

  assert {
    condition     = google_cloud_run_v2_service.api.traffic[0].revision == "ticket-urgency-00007-abc" && google_cloud_run_v2_service.api.traffic[0].percent == 100
    error_message = "What served goes on serving."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.traffic[1].tag == "candidate" && google_cloud_run_v2_service.api.traffic[1].percent == 0
    error_message = "The candidate keeps its tag and gets no traffic."
  }
}

run "ci_comes_in_without_a_key_releases_and_keeps_the_people" {
  command = plan
  variables {
    ci     = { github_repository_id = "123456789" }
    images = { jobs = "r.dev/p/jobs:b8", service = "r.dev/p/service:b8" }
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == "r.dev/p/service:b8" && google_cloud_run_v2_job.train.template[0].template[0].containers[0].image == "r.dev/p/jobs:b8"
    error_message = "Job and service run what CI releases."
  }
  assert {
    condition     = join(" ", keys(google_cloud_run_v2_service_iam_member.callers)) == "user:ann@example.com"
    error_message = "Who may call stands in the environment's file, which CI reads too."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.ci["apply"].attribute_condition == "assertion.repository_id == '123456789' && assertion.environment == 'production' && assertion.ref == 'refs/heads/main'"
    error_message = "Only approved jobs on main of this one repository may release."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.ci["plan"].attribute_condition == "assertion.repository_id == '123456789' && assertion.event_name == 'pull_request'"
    error_message = "Only pull requests of this one repository may plan."
  }
  assert {
    condition     = google_storage_bucket_iam_member.ci_plans["state"].bucket == "helpdesk-test-tfstate"
    error_message = "The planner reads the project's own state."
  }
}
