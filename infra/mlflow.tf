# Optional (var.mlflow = "server"): MLflow's tracking server on Cloud Run with Cloud SQL. The default stands up nothing:
# `urgency mlflow` then makes all that MLflow shows from the registry, on the machine where it is asked.
#
# There is no password: the proxy beside the server logs in to the database as the server's own account. Models stay in
# the registry; the server keeps what was measured.

locals {
  mlflow = var.mlflow == "server" ? toset(["server"]) : toset([])

  # A service cannot name its own address; this form of it is known before it exists. There is an older one besides,
  # mlflow-<random>.a.run.app, which `gcloud run services proxy` takes. MLflow refuses every host that it is not told of.
  mlflow_host = var.mlflow == "server" ? "${var.name_prefix}mlflow-${local.project_number}.${var.region}.run.app" : ""

  # Its image is its own: the job has MLflow's client only. Built as the others are (images.tf), by folder.
  mlflow_sources = [
    for file in concat(sort(tolist(fileset(local.root, "infra/mlflow/**"))), ["infra/image.yaml"]) :
    "${filesha256("${local.root}/${file}")} ${file}"
  ]
  built_mlflow_image = {
    for _ in local.mlflow : "infra/mlflow" => "${local.repository}/mlflow:${substr(sha256(join("\n", local.mlflow_sources)), 0, 16)}"
    if try(var.images.mlflow, null) == null
  }

  # What the training job is told of it.
  mlflow_environment = { for _ in local.mlflow : "MLFLOW_TRACKING_URI" => "https://${local.mlflow_host}" }
}

resource "google_service_account" "mlflow" {
  for_each = local.mlflow

  account_id   = "${var.name_prefix}urgency-mlflow"
  display_name = "MLflow's tracking server"

  depends_on = [time_sleep.apis]
}

# Its id tells one database from the one before: the name of a deleted instance cannot be taken again for a week.
resource "terraform_data" "mlflow" {
  for_each = local.mlflow
}

resource "google_sql_database_instance" "mlflow" {
  for_each = local.mlflow

  name                = "${var.name_prefix}urgency-mlflow-${substr(terraform_data.mlflow[each.key].id, 0, 8)}"
  region              = var.region
  database_version    = "POSTGRES_17"
  deletion_protection = var.protect

  settings {
    edition                     = "ENTERPRISE" # ENTERPRISE_PLUS, the default of this version, has no small machine
    tier                        = "db-f1-micro"
    connector_enforcement       = "REQUIRED" # nobody comes in but through IAM
    deletion_protection_enabled = var.protect

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }
    ip_configuration {
      ssl_mode = "TRUSTED_CLIENT_CERTIFICATE_REQUIRED" # there are no authorized networks either
    }
    backup_configuration {
      enabled = true
    }
  }

  depends_on = [time_sleep.optional]
}

resource "google_sql_user" "mlflow" {
  for_each = local.mlflow

  instance       = google_sql_database_instance.mlflow[each.key].name
  name           = trimsuffix(google_service_account.mlflow[each.key].email, ".gserviceaccount.com")
  type           = "CLOUD_IAM_SERVICE_ACCOUNT"
  database_roles = ["cloudsqlsuperuser"] # which owns the database; without it MLflow cannot make its tables
}

resource "google_sql_database" "mlflow" {
  for_each = local.mlflow

  instance = google_sql_database_instance.mlflow[each.key].name
  name     = "mlflow"

  depends_on = [google_sql_user.mlflow] # so it is destroyed first: a user who owns tables cannot be dropped
}

# Cloud SQL has no policy of its own on an instance; the condition is what narrows a grant on the project to one.
resource "google_project_iam_member" "mlflow" {
  for_each = toset(var.mlflow == "server" ? ["roles/cloudsql.client", "roles/cloudsql.instanceUser"] : [])

  project = var.project_id
  role    = each.key
  member  = google_service_account.mlflow["server"].member
  condition {
    title      = "urgency-mlflow only"
    expression = "resource.name == \"projects/${var.project_id}/instances/${google_sql_database_instance.mlflow["server"].name}\" && resource.type == \"sqladmin.googleapis.com/Instance\""
  }
}

# The server's first start makes its tables, and gives up when it may not log in yet.
resource "time_sleep" "mlflow" {
  for_each = local.mlflow

  create_duration = local.grant_seen_after
  triggers = {
    account  = google_service_account.mlflow[each.key].unique_id
    database = google_sql_database_instance.mlflow[each.key].name
  }
  depends_on = [google_project_iam_member.mlflow]
}

resource "google_cloud_run_v2_service" "mlflow" {
  for_each = local.mlflow

  name                = "${var.name_prefix}mlflow"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = var.protect
  custom_audiences    = ["https://${local.mlflow_host}"]

  template {
    service_account = google_service_account.mlflow[each.key].email
    scaling {
      min_instance_count = 0
      max_instance_count = 1
    }
    containers {
      name       = "server"
      image      = try(local.built_mlflow_image["infra/mlflow"], var.images.mlflow)
      command    = ["python", "-m", "mlflow"]
      depends_on = ["database"]
      args = [
        "server", "--host=0.0.0.0", "--port=8080", "--workers=1", "--no-serve-artifacts",
        "--default-artifact-root=file:///nowhere", "--allowed-hosts=${local.mlflow_host},${var.name_prefix}mlflow-*.a.run.app",
        "--backend-store-uri=postgresql+pg8000://${urlencode(google_sql_user.mlflow[each.key].name)}@127.0.0.1:5432/${google_sql_database.mlflow[each.key].name}",
      ]
      env {
        name  = "MLFLOW_DISABLE_TELEMETRY"
        value = "true"
      }
      ports { container_port = 8080 }
      resources {
        limits            = { cpu = "1", memory = "2Gi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }
      startup_probe {
        http_get { path = "/health" }
        period_seconds    = 5
        failure_threshold = 48 # the first start makes the tables
      }
    }
    containers {
      name  = "database"
      image = "gcr.io/cloud-sql-connectors/cloud-sql-proxy@sha256:88501f0a695a586988add1b8a206fdf3f29f9a1a3deeb9b45ef2b1481ea6be83" # 2.25.4
      args = [
        google_sql_database_instance.mlflow[each.key].connection_name, "--port=5432", "--auto-iam-authn",
        "--structured-logs", "--health-check", "--http-address=0.0.0.0", "--http-port=9090",
      ]
      resources {
        limits   = { cpu = "1", memory = "512Mi" }
        cpu_idle = true
      }
      startup_probe {
        http_get {
          path = "/startup"
          port = 9090
        }
        period_seconds    = 2
        failure_threshold = 30
      }
    }
  }

  depends_on = [time_sleep.mlflow, terraform_data.image]
}

resource "google_cloud_run_v2_service_iam_member" "mlflow" {
  for_each = var.mlflow == "server" ? setunion(["train"], var.operators) : []

  location = var.region
  name     = google_cloud_run_v2_service.mlflow["server"].name
  role     = "roles/run.servicesInvoker"
  member   = each.key == "train" ? google_service_account.this["train"].member : each.key

  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_service.mlflow["server"].id]
  }
}
