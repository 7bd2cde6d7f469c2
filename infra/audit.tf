variable "audit_writes" {
  description = "Log who wrote or deleted an object in any bucket of the project (docs/security.md); false where the project has such a configuration of its own, which this one would replace."
  type        = bool
  default     = true
  nullable    = false
}

# Cloud Storage logs no write unless it is asked to, and it can only be asked for a whole project. Nobody is exempt: the
# job's own writes are few, and a stolen identity would be the one to look for.
resource "google_project_iam_audit_config" "storage_writes" {
  count = var.audit_writes ? 1 : 0

  project    = var.project_id
  service    = "storage.googleapis.com"
  depends_on = [time_sleep.apis]

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}
