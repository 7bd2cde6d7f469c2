# What keeps two installations in one project apart, and what everything of one has in common.

locals {
  title   = trimspace("Ticket urgency ${trimsuffix(var.name_prefix, "-")}")
  runbook = coalesce(var.runbook_url, "docs/operations.md")
}
