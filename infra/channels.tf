# Who is told: by the alerts, and by the budget.

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [time_sleep.apis]

  # A channel that is taken away is refused to be deleted while an alert or the budget names it: those change first.
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  channels = [for channel in google_monitoring_notification_channel.email : channel.name]
}
