# terraform apply -var-file environments/dev.tfvars -var project_id=...
# Cheap, and gone with terraform destroy.
protect       = false
max_instances = 1
