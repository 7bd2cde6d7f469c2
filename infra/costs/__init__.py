"""What an installation costs a month, from list prices and what Terraform applies."""
