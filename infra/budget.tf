# Optional: a mail when the project's costs come near `var.budget`. A budget tells, it stops nothing.

# The budgets API wants a project to bill the call to, which a person's own credentials do not name.
provider "google" {
  alias                 = "billed"
  project               = var.project_id
  region                = var.region
  billing_project       = var.project_id
  user_project_override = true
}

resource "google_billing_budget" "project" {
  provider = google.billed
  count    = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "${local.title} in ${var.project_id}"

  budget_filter {
    projects = ["projects/${local.project_number}"] # the id instead of the number is a difference for ever
  }
  amount {
    specified_amount {
      units = tostring(var.budget.amount) # in the billing account's currency
    }
  }
  threshold_rules { threshold_percent = 0.5 }
  threshold_rules { threshold_percent = 1.0 }
  threshold_rules {
    threshold_percent = 1.2
    spend_basis       = "FORECASTED_SPEND"
  }
  dynamic "all_updates_rule" {
    for_each = length(local.channels) > 0 ? [local.channels] : []
    content {
      monitoring_notification_channels = slice(all_updates_rule.value, 0, min(5, length(all_updates_rule.value))) # 5 at most
    }
  }

  depends_on = [time_sleep.optional]
}
