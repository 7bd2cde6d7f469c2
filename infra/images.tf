locals {
  # One writer: where CI releases, an apply that is given no images keeps what runs, and builds nothing.
  keeps_images  = var.ci != null && var.images == null && var.candidate == null
  builds_images = var.ci == null && var.images == null && var.candidate == null
  root          = "${path.module}/.."

  # The tag is a hash of names and contents: same sources, no build; other sources, other tag, new revision.
  image_sources = {
    for part in ["jobs", "service"] : part => [
      for file in sort(concat(tolist(fileset(local.root, "{urgency,${part}}/**")), ["infra/image.yaml"])) :
      "${filesha256("${local.root}/${file}")} ${file}" if !strcontains(file, "__pycache__")
    ]
  }
  repository = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
  built_images = {
    for part, sources in local.image_sources :
    part => "${local.repository}/${part}:${substr(sha256(join("\n", sources)), 0, 16)}"
  }
  images = var.images == null ? local.built_images : tomap(var.images)

  # What gcloud sees of its environment. nonsensitive: else Terraform would hide everything that gcloud says; it never
  # shows a provisioner's environment.
  gcloud = {
    PROJECT                       = var.project_id
    CLOUDSDK_AUTH_ACCESS_TOKEN    = nonsensitive(data.google_client_config.this.access_token)
    CLOUDSDK_CORE_DISABLE_PROMPTS = "1"
  }
}

resource "google_artifact_registry_repository" "this" {
  location      = var.region
  repository_id = "${var.name_prefix}urgency"
  description   = "Images of job, service and functions"
  format        = "DOCKER"
  depends_on    = [time_sleep.apis]

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.this["builder"].member
}

resource "google_project_iam_member" "builder_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.this["builder"].member
}

# Cloud Functions makes this bucket itself during the first build, so that no grant on the bucket can come first.
resource "google_project_iam_member" "builder_function_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.this["builder"].member

  condition {
    title      = "function-sources"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}

# Builds are refused until the builder's grants are seen everywhere.
resource "time_sleep" "builder" {
  create_duration = local.grant_seen_after
  triggers = { # a grant is made anew with the account that has it, or with what it is on
    builder    = google_service_account.this["builder"].unique_id
    repository = google_artifact_registry_repository.this.id
    source     = google_storage_bucket.this["source"].id
  }
  depends_on = [
    google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder_function_sources,
    google_project_iam_member.builder_logs,
    google_storage_bucket_iam_member.builder_source,
  ]
}

resource "terraform_data" "image" {
  for_each = merge(local.builds_images ? local.built_images : {}, local.built_mlflow_image, local.built_beam_image)

  triggers_replace = each.value
  depends_on       = [time_sleep.builder]

  provisioner "local-exec" {
    working_dir = path.module
    environment = local.gcloud
    command = join(" ", [
      "sh ./preflight.sh && gcloud builds submit ..",
      "--project ${var.project_id} --region ${var.region} --suppress-logs",
      "--config image.yaml --substitutions _IMAGE=${each.value},_DOCKERFILE=${each.key}/Dockerfile,_BUILDER=${google_service_account.this["builder"].email}",
      "--gcs-source-staging-dir gs://${google_storage_bucket.this["source"].name}/builds",
    ])
  }
}
