# Everything depends on this, through apis.tf: what is missing is said before anything is half-built.
# It runs once; each later build asks again (images.tf). A trigger that changed with the sources would make Terraform read
# the service agents again during apply, and so replace their grants.
resource "terraform_data" "preflight" {
  # To a destroy the condition in protect.tf is a mere warning; what stops it is a value that cannot be made.
  triggers_replace = terraform_data.installation.input == local.installation ? var.project_id : tobool("This state is of another installation. Nothing was destroyed.")

  provisioner "local-exec" {
    command     = local.builds_images ? "sh ./preflight.sh" : "exit 0" # ready-made images: gcloud is not needed
    working_dir = path.module
    environment = local.gcloud
  }
}
