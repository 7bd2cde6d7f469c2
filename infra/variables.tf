variable "project_id" {
  description = "Google Cloud project, empty or not, with billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is a project's id, not its name or number: 6 to 30 lower-case letters, digits and hyphens, a letter first, as in helpdesk-prod."
  }
}

variable "region" {
  description = "Where everything runs and is stored; a later change is refused (docs/deploy.md, Moving)."
  type        = string
  default     = "us-central1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is one region of Cloud Run, as in us-central1 or europe-west1; not a zone, not a multi-region."
  }
}

variable "images" {
  description = "Ready-made images (mlflow and beam: of the optional parts); what is not given is built during apply from the sources beside this folder, which needs gcloud."
  type        = object({ jobs = string, service = string, mlflow = optional(string), beam = optional(string) })
  default     = null

  validation {
    condition     = alltrue([for image in try(compact(values(var.images)), []) : can(regex("^[a-z0-9][a-z0-9.-]*(:[0-9]+)?/[\\w./-]+(:[\\w.-]+|@sha256:[0-9a-f]{64})$", image)) && !endswith(image, ":latest")])
    error_message = "images were ${join(", ", compact(try(values(var.images), [])))}: they are full names with a tag other than latest or a digest: HOST/PATH:TAG or HOST/PATH@sha256:DIGEST. A tag that moves is never deployed again."
  }
}

variable "candidate" {
  description = "Images on trial: the service's becomes a revision tagged candidate without traffic, the job keeps what it has (service.tf); null: no trial."
  type        = object({ jobs = string, service = string })
  default     = null

  validation {
    condition     = alltrue([for image in try(values(var.candidate), []) : can(regex("^[a-z0-9][a-z0-9.-]*(:[0-9]+)?/[\\w./-]+(:[\\w.-]+|@sha256:[0-9a-f]{64})$", image)) && !endswith(image, ":latest")])
    error_message = "candidate was ${join(", ", try(values(var.candidate), []))}: it holds full image names with a tag other than latest or a digest: HOST/PATH:TAG or HOST/PATH@sha256:DIGEST."
  }
}

variable "ci" {
  description = "CI releases here (docs/ci.md): {} for Cloud Build, github_repository_id besides for GitHub Actions. An apply without images then keeps what CI released. Set it after the first apply."
  type        = object({ github_repository_id = optional(string), state_bucket = optional(string) })
  default     = null

  validation {
    condition     = try(var.ci.github_repository_id, null) == null ? true : can(regex("^[0-9]+$", var.ci.github_repository_id))
    error_message = "ci.github_repository_id was ${jsonencode(try(var.ci.github_repository_id, null))}: it is the repository's number, as `gh api repos/OWNER/NAME --jq .id` prints it: a name can be given to somebody else."
  }
}

variable "protect" {
  description = "Refuse to delete buckets that hold objects, the job and the service; set it to false and apply before terraform destroy."
  type        = bool
  default     = false
  nullable    = false
}

variable "name_prefix" {
  description = "What every name begins with, for a second installation in one project, as in \"trial-\"; a later change is refused (docs/deploy.md, Moving)."
  type        = string
  default     = ""
  nullable    = false

  validation { # urgency-scheduler, the longest account, has 12 of an account's 30 characters left
    condition     = can(regex("^([a-z][a-z0-9-]{0,10}-)?$", var.name_prefix)) && !can(regex("^goog|google", var.name_prefix))
    error_message = "name_prefix is empty, or up to 12 lower-case letters, digits and hyphens, a letter first and a hyphen last, as in trial-; nothing may be named after Google."
  }
}

variable "labels" {
  description = "Labels on everything that takes some, as in { team = \"helpdesk\", cost-center = \"1234\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels were ${jsonencode(var.labels)}: they have keys and values of up to 63 lower-case letters, digits, _ and -, and keys begin with a letter."
  }
}

variable "runbook_url" {
  description = "Where the people who get alerts can open docs/operations.md, as in https://github.com/YOU/ticket-urgency/blob/main/docs/operations.md; null: alerts name the file only."
  type        = string
  default     = null

  validation {
    condition     = var.runbook_url == null ? true : can(regex("^https://[^#\\s]+$", var.runbook_url))
    error_message = "runbook_url is the https address of docs/operations.md, without a # part: each alert adds its own section."
  }
}

variable "public" {
  description = "Let anyone predict, without a token. The reload hook still checks its caller."
  type        = bool
  default     = false
  nullable    = false
}

variable "uploaders" {
  description = "Who may drop, replace and delete CSVs below incoming/ and read receipts, as in user:ann@example.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.uploaders : can(regex("^((user|group|serviceAccount):[^@\\s]+@[^@\\s]+|principal(Set)?://iam\\.googleapis\\.com/\\S+)$", member))])
    error_message = "uploaders were ${join(", ", var.uploaders)}: each is written with its kind, as in user:ann@example.com, group:helpdesk@example.com or serviceAccount:x@p.iam.gserviceaccount.com; not allUsers."
  }
}

variable "operators" {
  description = "Who may run the urgency command against this project: start runs, roll back, read everything."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^((user|group|serviceAccount):[^@\\s]+@[^@\\s]+|principal(Set)?://iam\\.googleapis\\.com/\\S+)$", member))])
    error_message = "operators were ${join(", ", var.operators)}: each is written with its kind, as in user:ann@example.com, group:helpdesk@example.com or serviceAccount:x@p.iam.gserviceaccount.com; not allUsers."
  }
}

variable "callers" {
  description = "Who may ask the service for predictions."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.callers : can(regex("^((user|group|serviceAccount):[^@\\s]+@[^@\\s]+|principal(Set)?://iam\\.googleapis\\.com/\\S+)$", member))])
    error_message = "callers were ${join(", ", var.callers)}: each is written with its kind, as in user:ann@example.com or serviceAccount:x@p.iam.gserviceaccount.com; for everybody set public = true."
  }
}

variable "alert_emails" {
  description = "Where alerts go; empty: they are only seen in the console."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@\\s:]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "alert_emails were ${join(", ", var.alert_emails)}: each is a bare address, as in ann@example.com."
  }
}

variable "schedule" {
  description = "When the nightly run starts, in UTC."
  type        = string
  default     = "0 2 * * *"
  nullable    = false

  validation {
    condition     = can(regex("^([0-9*/,A-Za-z-]+ ){4}[0-9*/,A-Za-z-]+$", var.schedule))
    error_message = "schedule has cron's five fields with one space between, in UTC, as in 0 2 * * * for 02:00 every night."
  }
}

variable "mlflow" {
  description = "registry: `urgency mlflow` shows every version from the registry; server: a tracking server on Cloud Run with Cloud SQL besides."
  type        = string
  default     = "registry"
  nullable    = false

  validation {
    condition     = contains(["registry", "server"], var.mlflow)
    error_message = "mlflow is registry (nothing runs, free) or server (Cloud Run and Cloud SQL, costs money when idle)."
  }
}

variable "budget" {
  description = "Monthly amount, in the billing account's currency, at whose parts mails are sent; null: no budget."
  type        = object({ amount = number, billing_account = string })
  default     = null

  validation {
    condition     = var.budget == null ? true : var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount && can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget was ${jsonencode(var.budget)}: it has a whole amount of at least 1 and a billing_account as `gcloud billing accounts list` shows it, as in { amount = 20, billing_account = \"0123AB-4567CD-89EF01\" }."
  }
}

variable "settings" {
  description = "How the job trains (docs/settings.md), as in { URGENCY_MISSED_COST = \"10\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.settings), ["URGENCY_MISSED_COST", "URGENCY_CAPACITY_PER_DAY", "URGENCY_REVIEW_BAND", "URGENCY_MIN_ROWS", "URGENCY_MOST_TICKETS", "URGENCY_COLUMN_ALIASES", "URGENCY_URGENT_LABELS", "URGENCY_OTHER_LABELS"])) == 0
    error_message = "settings were ${join(", ", keys(var.settings))}: they may hold URGENCY_MISSED_COST, URGENCY_CAPACITY_PER_DAY, URGENCY_REVIEW_BAND, URGENCY_MIN_ROWS, URGENCY_MOST_TICKETS, URGENCY_COLUMN_ALIASES, URGENCY_URGENT_LABELS and URGENCY_OTHER_LABELS; Terraform sets the rest itself."
  }
}

variable "log_level" {
  description = "What the prediction service logs: info, or debug for a line a request too (docs/operations.md)."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["info", "debug"], var.log_level)
    error_message = "log_level is info or debug."
  }
}

variable "train_tickets" {
  description = "Tickets in the landing bucket for which the train job's memory is enough: 2 GiB up to 1,000,000, 4 GiB up to 5,000,000 (docs/scale.md)."
  type        = number
  default     = 1000000
  nullable    = false

  validation {
    condition     = var.train_tickets >= 1 && var.train_tickets <= 5000000 && floor(var.train_tickets) == var.train_tickets
    error_message = "train_tickets is a whole number from 1 to 5000000; more than that is work for other tools (docs/scale.md)."
  }
}

variable "webhook" {
  description = "Score the tickets that helpdesks send by webhook: the name of the Secret Manager secret that holds helpdesk=secret pairs, and where a generic webhook has a ticket's members; null: no such function (docs/helpdesks.md)."
  type        = object({ secret = string, fields = optional(string, "") })
  default     = null

  validation {
    condition     = var.webhook == null ? true : can(regex("^[A-Za-z0-9_-]{1,255}$", var.webhook.secret))
    error_message = "webhook.secret was ${try(length(var.webhook.secret), 0)} characters with others than letters, digits, _ and -, or more than 255: it is the short name of a secret of this project that has a version, as in { secret = \"urgency-webhook\" }; never the secret itself."
  }
}

variable "notices" {
  description = "Tell people what happened, by posts to one webhook that takes Slack's JSON: the name of the Secret Manager secret that holds its address; null: nobody is told so (docs/operations.md)."
  type        = object({ secret = string })
  default     = null

  validation {
    condition     = var.notices == null ? true : can(regex("^[A-Za-z0-9_-]{1,255}$", var.notices.secret))
    error_message = "notices.secret was ${try(length(var.notices.secret), 0)} characters with others than letters, digits, _ and -, or more than 255: it is the short name of a secret of this project that has a version, as in { secret = \"urgency-notices\" }; never the address itself."
  }
}

variable "max_instances" {
  description = "Most instances of the prediction service at once: the ceiling of its cost."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 100 && floor(var.max_instances) == var.max_instances
    error_message = "max_instances is a whole number from 1 to 100."
  }
}
