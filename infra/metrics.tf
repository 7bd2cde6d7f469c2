# Metrics made of the JSON lines that job and service write; tests/infra/test_log_filters.py feeds real lines to each
# filter. Cloud Logging keeps a line's members in jsonPayload and takes only severity and time out of it.

locals {
  of_job     = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"${google_cloud_run_v2_job.train.name}\""
  of_service = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${google_cloud_run_v2_service.api.name}\""
}

resource "google_logging_metric" "reconciled" {
  name        = "urgency-reconciled"
  description = "Runs of the training job that found or brought everything up to date."
  filter      = "${local.of_job} AND jsonPayload.message=\"reconciled\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [time_sleep.apis]
}

resource "google_logging_metric" "verdicts" {
  name             = "urgency-verdicts"
  description      = "Versions committed, by the gate's verdict; one that another run had committed already counts once."
  filter           = "${local.of_job} AND jsonPayload.message=\"model_committed\" AND jsonPayload.ours=true"
  label_extractors = { verdict = "EXTRACT(jsonPayload.verdict)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "verdict"
      value_type  = "STRING"
      description = "PROMOTE, HOLD or REJECT"
    }
  }

  depends_on = [time_sleep.apis]
}

resource "google_logging_metric" "held" {
  name            = "urgency-held-versions"
  description     = "Versions in a row that were not released."
  filter          = "${local.of_job} AND jsonPayload.message=\"reconciled\""
  value_extractor = "EXTRACT(jsonPayload.held)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }
  bucket_options {
    linear_buckets {
      offset             = -0.5 # each whole number in the middle of its bucket
      width              = 1
      num_finite_buckets = 50
    }
  }

  depends_on = [time_sleep.apis]
}

resource "google_logging_metric" "model_age" {
  name            = "urgency-model-age-days"
  description     = "Days since the champion was trained."
  filter          = "${local.of_job} AND jsonPayload.message=\"reconciled\" AND jsonPayload.model_age_days>=0"
  value_extractor = "EXTRACT(jsonPayload.model_age_days)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "d"
  }
  bucket_options {
    linear_buckets {
      offset             = 0
      width              = 0.5
      num_finite_buckets = 180
    }
  }

  depends_on = [time_sleep.apis]
}

resource "google_logging_metric" "serving" {
  name             = "urgency-model-serving"
  description      = "What each instance that answers says once a minute, by the version that it serves."
  filter           = "${local.of_service} AND jsonPayload.message=\"model_serving\""
  label_extractors = { version = "EXTRACT(jsonPayload.version)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "version"
      value_type  = "STRING"
      description = "the model's version"
    }
  }

  depends_on = [time_sleep.apis]
}

# Monitoring knows a new metric only after a while, and refuses an alert on one that it does not know.
resource "time_sleep" "metrics" {
  create_duration = "60s"
  depends_on = [
    google_logging_metric.reconciled, google_logging_metric.held, google_logging_metric.model_age,
    google_logging_metric.serving, google_logging_metric.verdicts, google_logging_metric.drift_index,
  ]
}
