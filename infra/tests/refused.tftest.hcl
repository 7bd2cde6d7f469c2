# Each wrong value is refused before anything is asked of Google. A run holds one wrong value for each variable and
# fails when any of them is taken.
mock_provider "google" {}
mock_provider "google" {
  alias = "billed"
}
mock_provider "google-beta" {}
mock_provider "archive" {}
mock_provider "time" {}

run "the_likeliest_mistake" {
  command = plan
  variables {
    project_id    = "Helpdesk" # its name
    region        = "us"       # a multi-region
    images        = { jobs = "r.dev/p/jobs:latest", service = "r.dev/p/service:1" }
    candidate     = { jobs = "r.dev/p/jobs:1", service = "r.dev/p/service:latest" }
    uploaders     = ["ann@example.com"] # no kind
    operators     = ["ann@example.com"]
    callers       = ["allUsers"] # that is public = true
    alert_emails  = ["user:ann@example.com"]
    schedule      = "2 * * *" # four fields
    mlflow        = "sqlite"
    budget        = { amount = 0, billing_account = "0123AB-4567CD-89EF01" }
    settings      = { URGENCY_PROJECT = "another-project" } # Terraform's own
    max_instances = 0
    name_prefix   = "trial" # no hyphen
    labels        = { Team = "helpdesk" }
    runbook_url   = "docs/operations.md"
    ci            = { github_repository_id = "owner/name" }
  }
  expect_failures = [
    var.project_id, var.region, var.images, var.candidate, var.uploaders, var.operators, var.callers, var.alert_emails,
    var.schedule, var.mlflow, var.budget, var.settings, var.max_instances, var.name_prefix, var.labels, var.runbook_url,
    var.ci,
  ]
}

run "the_next" {
  command = plan
  variables {
    project_id    = "123456789012"  # its number
    region        = "us-central1-a" # a zone
    images        = { jobs = "r.dev/p/jobs:1", service = "r.dev/p/service" }
    candidate     = { jobs = "r.dev/p/jobs", service = "r.dev/p/service:1" }
    uploaders     = ["allUsers"]
    operators     = ["allAuthenticatedUsers"]
    callers       = ["user:ann"]
    alert_emails  = ["ann@example"]
    schedule      = "@daily"
    budget        = { amount = 20, billing_account = "billingAccounts/0123AB-4567CD-89EF01" }
    settings      = { URGENCY_MISSED_COSTS = "10" } # misspelt
    max_instances = 1.5
    name_prefix   = "google-"
    labels        = { team = "Help Desk" }
    runbook_url   = "https://example.com/operations.md#old-model" # each alert adds its own section
  }
  expect_failures = [
    var.project_id, var.region, var.images, var.candidate, var.uploaders, var.operators, var.callers, var.alert_emails,
    var.schedule, var.budget, var.settings, var.max_instances, var.name_prefix, var.labels, var.runbook_url,
  ]
}

run "and_more" {
  command = plan
  variables {
    project_id    = "example.com:helpdesk"
    region        = "US-CENTRAL1"
    images        = { jobs = "r.dev/p/jobs:1", service = "r.dev/p/service:1", mlflow = "mlflow:1" } # no host
    candidate     = { jobs = "r.dev/p/jobs@sha256:12", service = "r.dev/p/service:1" }
    schedule      = "0 2 * * * *" # six fields
    budget        = { amount = 9.99, billing_account = "0123AB-4567CD-89EF01" }
    max_instances = 101
    notices       = { secret = "https://hooks.example/services/x" } # the address itself
    webhook       = { secret = "helpdesk=of its own" }              # the secret itself
    log_level     = "trace"
    train_tickets = 5000001
    score_tasks   = 0
  }
  expect_failures = [
    var.project_id, var.region, var.images, var.candidate, var.schedule, var.budget, var.max_instances, var.notices, var.webhook,
    var.log_level, var.train_tickets, var.score_tasks,
  ]
}

run "of_the_project_id" {
  command = plan
  variables {
    project_id = "helpdesk-"
  }
  expect_failures = [var.project_id]
}
