# What only the optional parts need (mlflow.tf, budget.tf, webhooks.tf, notices.tf, dataflow.tf, ci.tf): their APIs and the
# project's number.
locals {
  optional_apis = toset(concat(local.webhook_apis, local.notices_apis, local.dataflow_apis, var.mlflow == "server" ? ["sqladmin"] : [], var.budget == null ? [] : ["billingbudgets"], local.github == null ? [] : ["sts"]))
}

resource "google_project_service" "optional" {
  for_each = local.optional_apis

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
  depends_on         = [time_sleep.apis]
}

resource "time_sleep" "optional" {
  for_each = local.optional_apis # one each: what is asked for later waits then

  create_duration = "60s"
  depends_on      = [google_project_service.optional]
}

data "google_project" "this" {
  count = length(local.optional_apis) > 0 ? 1 : 0

  project_id = var.project_id
  depends_on = [time_sleep.apis]
}

locals {
  project_number = one(data.google_project.this[*].number)
}
