# Off unless var.dataflow: what workers of the Beam pipelines run as and where, for more than one machine scores or reads
# (docs/scale.md). Nothing runs and nothing costs until somebody starts a pipeline.
variable "dataflow" {
  description = "true: identities, a network without public addresses and an image for Dataflow's workers (docs/scale.md)."
  type        = bool
  default     = false
  nullable    = false
}

locals {
  dataflow_apis = var.dataflow ? ["compute", "dataflow"] : []
  dataflow      = var.dataflow ? toset(["workers"]) : toset([])

  # One pipeline's workers cannot do the other's work: who scores archives reads no labelled ticket.
  dataflow_workers = var.dataflow ? { score = "scoring of archives", features = "reading of landed files" } : {}
  dataflow_names   = { score = "beam", features = "beam-features" }

  beam_sources = [
    for file in sort(concat(tolist(fileset(local.root, "{urgency,jobs}/**")), tolist(fileset(local.root, "infra/beam/**")), ["infra/image.yaml"])) :
    "${filesha256("${local.root}/${file}")} ${file}" if !strcontains(file, "__pycache__")
  ]
  built_beam_image = {
    for _ in local.dataflow : "infra/beam" => "${local.repository}/beam:${substr(sha256(join("\n", local.beam_sources)), 0, 16)}"
    if try(var.images.beam, null) == null
  }
}

resource "google_service_account" "dataflow" {
  for_each = local.dataflow_workers

  account_id   = "${var.name_prefix}urgency-${local.dataflow_names[each.key]}"
  display_name = "Dataflow's workers: ${each.value}"
  depends_on   = [time_sleep.apis]
}

# Dataflow has no policy of its own on a job. The role would open every bucket of the project besides; the condition takes
# that away again, and what workers may do with objects stands below.
resource "google_project_iam_member" "dataflow" {
  for_each = local.dataflow_workers

  project = var.project_id
  role    = "roles/dataflow.worker"
  member  = google_service_account.dataflow[each.key].member

  condition {
    title      = "no-storage"
    expression = "resource.service != \"storage.googleapis.com\""
  }
}

# As the job score: the model, which may be any version, the pointer, and archives.
resource "google_storage_bucket_iam_member" "dataflow_reads" {
  for_each = var.dataflow ? toset(["registry", "control", "archive"]) : toset([])

  bucket = google_storage_bucket.this[each.key].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.dataflow["score"].member
}

resource "google_storage_bucket_iam_member" "dataflow_writes" {
  for_each = local.dataflow

  bucket = google_storage_bucket.this["archive"].name
  role   = "roles/storage.objectCreator"
  member = google_service_account.dataflow["score"].member

  condition {
    title      = "scored"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["archive"].name}/objects/scored/\")"
  }
}

# Where Dataflow lays what it stages for workers; they clean up there themselves.
resource "google_storage_bucket_iam_member" "dataflow_stages" {
  for_each = local.dataflow

  bucket = google_storage_bucket.this["archive"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.dataflow["score"].member

  condition {
    title      = "staged"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["archive"].name}/objects/beam/\")"
  }
}

# Shards give texts away to who has a dictionary, so they lie beside the files that they are made of, for days (storage.tf).
# The job train reads them there; nobody else but operators does.
resource "google_storage_bucket_iam_member" "features_reads" {
  for_each = local.dataflow

  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.dataflow["features"].member
}

resource "google_storage_bucket_iam_member" "features_writes" {
  for_each = local.dataflow

  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectCreator"
  member = google_service_account.dataflow["features"].member

  condition {
    title      = "features"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["landing"].name}/objects/features/\")"
  }
}

resource "google_storage_bucket_iam_member" "features_stages" {
  for_each = local.dataflow

  bucket = google_storage_bucket.this["landing"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.dataflow["features"].member

  condition {
    title      = "staged"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["landing"].name}/objects/beam/\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "dataflow" {
  for_each = local.dataflow_workers

  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.dataflow[each.key].member
}

# No rule lets anything in, and workers do not talk to each other: batches are shuffled by Dataflow itself. Google's own
# addresses are reached without a public one.
resource "google_compute_network" "dataflow" {
  for_each = local.dataflow

  name                    = "${var.name_prefix}urgency-beam"
  auto_create_subnetworks = false
  depends_on              = [time_sleep.optional]
}

resource "google_compute_subnetwork" "dataflow" {
  for_each = local.dataflow

  name                     = "${var.name_prefix}urgency-beam"
  region                   = var.region
  network                  = google_compute_network.dataflow[each.key].id
  ip_cidr_range            = "10.77.0.0/22"
  private_ip_google_access = true
}

output "dataflow" {
  description = "What a Beam pipeline is started with on Dataflow (docs/scale.md); null where dataflow is false."
  value = one([for key in local.dataflow : {
    subnetwork          = "regions/${var.region}/subnetworks/${google_compute_subnetwork.dataflow[key].name}"
    sdk_container_image = try(coalesce(var.images.beam), one(values(local.built_beam_image)))
    score = {
      service_account_email = google_service_account.dataflow["score"].email
      temp_location         = "gs://${google_storage_bucket.this["archive"].name}/beam"
    }
    features = {
      service_account_email = google_service_account.dataflow["features"].email
      temp_location         = "gs://${google_storage_bucket.this["landing"].name}/beam"
    }
  }])
}
