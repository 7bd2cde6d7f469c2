"""From Terraform to the wiring of the local stack."""
