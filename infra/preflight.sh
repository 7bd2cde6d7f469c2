#!/bin/sh
# Can this machine build images in $PROJECT? Says in one sentence what is missing and what to do.
refuse() {
  echo "$1" >&2
  exit 1
}

command -v gcloud >/dev/null ||
  refuse "gcloud is not installed, and it builds the images: install it from https://cloud.google.com/sdk/docs/install, or pass ready-made ones with -var 'images={jobs=\"...\",service=\"...\"}'."

gcloud auth print-access-token --quiet >/dev/null 2>&1 ||
  refuse "gcloud is not logged in: run 'gcloud auth login' and 'gcloud auth application-default login', then apply again."

# Who may not see billing is let through: the first API that needs it will say so.
billing=$(gcloud billing projects describe "$PROJECT" --format 'value(billingEnabled)' --quiet 2>/dev/null) || billing=unknown
[ "$billing" != False ] ||
  refuse "Billing is off for $PROJECT: run 'gcloud billing projects link $PROJECT --billing-account ACCOUNT', with ACCOUNT from 'gcloud billing accounts list', then apply again."
