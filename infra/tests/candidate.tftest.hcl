# A candidate gets no traffic, and the job keeps its image, until the candidate is promoted.
mock_provider "google" {}
mock_provider "google" {
  alias = "billed"
}
mock_provider "google-beta" {}
mock_provider "archive" {}
mock_provider "time" {}

variables {
  project_id = "helpdesk-test"
  candidate  = { jobs = "r.dev/p/jobs:8", service = "r.dev/p/service:8" }
}

override_data {
  target = data.google_cloud_run_v2_job.current
  values = {
    template = [{ template = [{ containers = [{ image = "r.dev/p/jobs:7" }] }] }]
  }
}

override_data {
  target = data.google_cloud_run_v2_service.current
  values = {
    latest_ready_revision = "projects/helpdesk-test/locations/us-central1/services/ticket-urgency/revisions/ticket-urgency-00007-abc"
    traffic               = [{ type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent = 100, revision = "", tag = "" }]
  }
}

run "a_candidate_gets_no_traffic" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == "r.dev/p/service:8"
    error_message = "The new revision is the candidate's."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.traffic[0].percent == 100 && google_cloud_run_v2_service.api.traffic[0].revision == "ticket-urgency-00007-abc"
    error_message = "The revision that served keeps all traffic."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.traffic[1].percent == 0 && google_cloud_run_v2_service.api.traffic[1].tag == "candidate"
    error_message = "The candidate has a tag and no traffic."
  }
  assert {
    condition     = google_cloud_run_v2_job.train.template[0].template[0].containers[0].image == "r.dev/p/jobs:7"
    error_message = "The job keeps its image: it has no traffic that could be split."
  }
  assert {
    condition     = length(terraform_data.image) == 0
    error_message = "Nothing is built: the candidate's images are."
  }
}

run "another_candidate_leaves_the_promoted_revision_in_service" {
  command = plan

  override_data {
    target = data.google_cloud_run_v2_service.current
    values = {
      latest_ready_revision = "projects/helpdesk-test/locations/us-central1/services/ticket-urgency/revisions/ticket-urgency-00008-failed"
      traffic = [
        { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", percent = 100, revision = "ticket-urgency-00007-abc", tag = "" },
        { type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent = 0, revision = "", tag = "candidate" },
      ]
    }
  }

  assert {
    condition     = google_cloud_run_v2_service.api.traffic[0].revision == "ticket-urgency-00007-abc"
    error_message = "A candidate that failed its test never comes into service by the next one's trial."
  }
}

run "promotion_gives_it_all_traffic" {
  command = plan
  variables {
    candidate = null
    images    = { jobs = "r.dev/p/jobs:8", service = "r.dev/p/service:8" }
  }

  assert {
    condition     = join(" ", [for target in google_cloud_run_v2_service.api.traffic : "${target.type} ${target.percent}"]) == "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST 100"
    error_message = "All traffic goes to the latest revision and the tag is gone."
  }
  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == "r.dev/p/service:8" && google_cloud_run_v2_job.train.template[0].template[0].containers[0].image == "r.dev/p/jobs:8"
    error_message = "Job and service run the promoted images."
  }
}
