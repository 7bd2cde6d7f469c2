"""Where the system runs: Terraform for Google Cloud, `infra.local` for a laptop."""
