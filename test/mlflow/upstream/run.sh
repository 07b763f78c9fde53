#!/usr/bin/env bash
# MLflow's own tests, unedited, against a server: run.sh <folder of MLflow's repository> <python> ours|genuine [for pytest...]
# `ours` is `refit mlflow` and the endpoint, `genuine` the server of that Python's mlflow. See README.md beside this.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist=$(cd "$here/../../../dist" && pwd)
repository=$(cd "$1" && pwd) python=$(cd "$(dirname "$2")" && pwd)/$(basename "$2") server=$3
shift 3
case $server in
genuine)
  # Jobs of its own, which none of the tests has, would be a third process to wait for at each start.
  export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
  export SERVER_COMMAND="$python -m mlflow server --port {port} --backend-store-uri sqlite:///{dir}/mlflow.db --artifacts-destination {dir}/artifacts --workers 1"
  ;;
ours)
  export SERVER_COMMAND="node $dist/src/cli/main.js mlflow --port {port} --state {dir}"
  export SCORING_COMMAND="node $dist/test/mlflow/upstream/serve-folder.js"
  ;;
*)
  echo "neither ours nor genuine: $server" >&2
  exit 2
  ;;
esac
export PYTHONPATH="$repository:$here" MLFLOW_HTTP_REQUEST_MAX_RETRIES=0
cd "$repository"
mapfile -t tests < <(grep -v '^#' "$here/targets.txt")
# MLflow's own options for pytest are not taken over: they are for its CI.
exec "$python" -m pytest -p external_server -o addopts= -W ignore --confcutdir=. -v "${tests[@]}" "$@"
