terraform {
  required_version = ">= 1.5"

  required_providers {
    google      = { source = "hashicorp/google", version = "~> 7.0" }
    google-beta = { source = "hashicorp/google-beta", version = "~> 7.0" }
    archive     = { source = "hashicorp/archive", version = "~> 2.4" }
    time        = { source = "hashicorp/time", version = "~> 0.12" }
  }
}

provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = var.labels
}

# For one resource only: Pub/Sub's service agent (identities.tf) is in no other provider.
provider "google-beta" {
  project        = var.project_id
  region         = var.region
  default_labels = var.labels
}

# Whoever applies: builds (images.tf) run with the same identity as everything else.
data "google_client_config" "this" {}
