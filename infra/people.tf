# People: nobody by default. The same grants stand in docs/security.md, made from the applied state.

locals {
  # A name below the folder, or a listing of it: a condition on names alone never allows a listing, which is asked of the
  # bucket, and every upload tool lists first. `gcloud storage cp FILE gs://BUCKET/incoming/` lists without the slash.
  landing     = google_storage_bucket.this["landing"].name
  list_prefix = "api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\")"
  only_below = {
    for folder in ["incoming", "receipts"] : folder => join(" || ", [
      "resource.name.startsWith(\"projects/_/buckets/${local.landing}/objects/${folder}/\")",
      "${local.list_prefix}.startsWith(\"${folder}/\")",
      "${local.list_prefix} == \"${folder}\"",
    ])
  }
}

# --- uploaders drop files and read what became of them -------------------------------------------------------------

# objectUser: replacing a file asks for the right to delete, and gcloud for the right to read (docs/decisions/0003).
resource "google_storage_bucket_iam_member" "uploaders_drop" {
  for_each = var.uploaders

  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectUser"
  member = each.key

  condition {
    title      = "incoming"
    expression = local.only_below["incoming"]
  }
}

# Operators read the whole bucket already.
resource "google_storage_bucket_iam_member" "uploaders_read_receipts" {
  for_each = setsubtract(var.uploaders, var.operators)

  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectViewer"
  member = each.key

  condition {
    title      = "receipts"
    expression = local.only_below["receipts"]
  }
}

# --- operators use the urgency command ----------------------------------------------------------------------------

resource "google_storage_bucket_iam_member" "operators_landing" {
  for_each = var.operators

  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectViewer"
  member = each.key
}

resource "google_storage_bucket_iam_member" "operators_registry" {
  for_each = var.operators

  bucket = google_storage_bucket.this["registry"].name
  role   = "roles/storage.objectViewer"
  member = each.key
}

# They move the release pointer, by the same compare-and-swap as the job.
resource "google_storage_bucket_iam_member" "operators_control" {
  for_each = var.operators

  bucket = google_storage_bucket.this["control"].name
  role   = "roles/storage.objectUser"
  member = each.key
}

resource "google_cloud_run_v2_job_iam_member" "operators_run" {
  for_each = var.operators

  name     = google_cloud_run_v2_job.train.name
  location = google_cloud_run_v2_job.train.location
  role     = "roles/run.jobsExecutor"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.train.id]
  }
}

# How a run that they started ended.
resource "google_cloud_run_v2_job_iam_member" "operators_watch" {
  for_each = var.operators

  name     = google_cloud_run_v2_job.train.name
  location = google_cloud_run_v2_job.train.location
  role     = "roles/run.viewer"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.train.id]
  }
}

# They announce a rollback, and send dead letters again: to the topic on which the subscription that gave one up says it is.
locals {
  replayed = merge(
    { for name, topic in local.pushes : name => { topic = topic, subscription = google_pubsub_subscription.push[name].id } },
    { ticket-feedback = { topic = google_pubsub_topic.feedback.id, subscription = google_pubsub_subscription.feedback.id } },
  )
  operators_replay = { for pair in setproduct(var.operators, keys(local.replayed)) : join(" ", pair) => pair }
}

resource "google_pubsub_topic_iam_member" "operators_publish" {
  for_each = local.operators_replay

  topic  = local.replayed[each.value[1]].topic
  role   = "roles/pubsub.publisher"
  member = each.value[0]
}

resource "google_pubsub_subscription_iam_member" "operators_see_the_topic" {
  for_each = local.operators_replay

  subscription = local.replayed[each.value[1]].subscription
  role         = "roles/pubsub.viewer"
  member       = each.value[0]
}

resource "google_pubsub_subscription_iam_member" "operators_dead_letters" {
  for_each = var.operators

  subscription = google_pubsub_subscription.dead_letters.id
  role         = "roles/pubsub.subscriber"
  member       = each.key
}

# `gcloud run services proxy` looks the server up before it opens it (mlflow.tf lets operators call it).
resource "google_cloud_run_v2_service_iam_member" "operators_mlflow" {
  for_each = var.mlflow == "server" ? var.operators : []

  name     = google_cloud_run_v2_service.mlflow["server"].name
  location = google_cloud_run_v2_service.mlflow["server"].location
  role     = "roles/run.viewer"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_service.mlflow["server"].id]
  }
}

# Calls of a person's own credentials count against a project: the command names this one where they name none.
resource "google_project_iam_member" "operators_quota" {
  for_each = var.operators

  project    = var.project_id
  role       = "roles/serviceusage.serviceUsageConsumer"
  member     = each.key
  depends_on = [time_sleep.apis]
}

# --- callers predict ----------------------------------------------------------------------------------------------

resource "google_cloud_run_v2_service_iam_member" "callers" {
  for_each = var.callers

  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.servicesInvoker"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_service.api.id]
  }
}
