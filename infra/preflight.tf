# Everything depends on this, through apis.tf: what is missing is said before anything is half-built.
# It runs once; each later build asks again (images.tf). A trigger that changed with the sources would make Terraform read
# the service agents again during apply, and so replace their grants.
resource "terraform_data" "preflight" {
  triggers_replace = var.project_id # of the first apply: see below

  provisioner "local-exec" {
    command     = local.builds_images ? "sh ./preflight.sh" : "exit 0" # ready-made images: gcloud is not needed
    working_dir = path.module
    environment = local.gcloud
  }

  # The state remembers whose it is. Applied with another project it would replace everything of the first, buckets included.
  lifecycle {
    ignore_changes = [triggers_replace]
    postcondition {
      condition     = self.triggers_replace == var.project_id
      error_message = "This state belongs to the project ${self.triggers_replace}, not to ${var.project_id}: nothing was planned. Each project has its own state (docs/deploy.md, Environments): terraform init -reconfigure -backend-config=bucket=${var.project_id}-tfstate"
    }
  }
}
