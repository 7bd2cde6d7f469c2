#!/bin/sh
# Points Terraform at the state of one project: sh infra/environments/use.sh PROJECT [LOCATION]
# The state lies in the bucket PROJECT-tfstate, which is made when it is not there; who may do what, and every other
# setting, stands in PROJECT.tfvars beside this file. Say it again to change to another project.
set -eu

refuse() {
  echo "$1" >&2
  exit 1
}

[ $# -ge 1 ] || refuse "Which project? sh infra/environments/use.sh PROJECT [LOCATION]"
project=$1 location=${2:-us-central1}
infra=$(cd "$(dirname "$0")/.." && pwd)
settings=environments/$project.tfvars

[ -f "$infra/$settings" ] ||
  refuse "There is no infra/$settings: copy dev.tfvars.example or prod.tfvars.example beside it to that name, and write in it who may do what."
grep -Eq "^project_id *= *\"$project\"" "$infra/$settings" ||
  refuse "infra/$settings does not say project_id = \"$project\": the file of a project is named after it."
[ ! -s "$infra/terraform.tfstate" ] ||
  refuse "infra/terraform.tfstate holds a state already. Move it into the bucket once: cp infra/backend.tf.example infra/backend.tf && terraform -chdir=infra init -migrate-state -backend-config=bucket=$project-tfstate && rm infra/terraform.tfstate*"

bucket=gs://$project-tfstate
gcloud storage buckets describe "$bucket" >/dev/null 2>&1 ||
  gcloud storage buckets create "$bucket" --project "$project" --location "$location" --uniform-bucket-level-access --public-access-prevention
gcloud storage buckets update "$bucket" --versioning # a damaged state can be taken back

cp "$infra/backend.tf.example" "$infra/backend.tf"
terraform -chdir="$infra" init -input=false -reconfigure -backend-config="bucket=$project-tfstate"
echo "Now: terraform -chdir=infra apply -var-file=$settings"
