# terraform apply -var-file environments/prod.tfvars -var project_id=...
# Kept from being deleted by accident. People and addresses are examples; write your own.
protect       = true
max_instances = 10

# uploaders    = ["group:helpdesk@example.com"]
# operators    = ["group:helpdesk-oncall@example.com"]
# callers      = ["serviceAccount:ticket-system@example-project.iam.gserviceaccount.com"]
# alert_emails = ["helpdesk-oncall@example.com"]
# budget       = { amount = 50, billing_account = "0123AB-4567CD-89EF01" }
