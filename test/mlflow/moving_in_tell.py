"""Tells what an MLflow server has of a registered model, by MLflow's own client, in a form that is equal where what it says is."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

NAME = os.environ["MODEL"]
client = MlflowClient()


def entries(values):
    return {key: value for key, value in sorted(values.items()) if not key.startswith("refit.")}


def files_of(uri):
    if uri.startswith("s3:"):
        return uri
    with tempfile.TemporaryDirectory() as folder:
        root = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*")) if path.is_file()}


def experiment_of(id):
    return client.get_experiment(id).name


def run_of(id):
    run = client.get_run(id)
    keys = sorted(run.data.metrics)
    return {
        "name": run.info.run_name,
        "experiment": experiment_of(run.info.experiment_id),
        "status": run.info.status,
        "times": [run.info.start_time, run.info.end_time],
        "user": run.info.user_id,
        "stage": run.info.lifecycle_stage,
        "params": entries(run.data.params),
        "tags": entries(run.data.tags),
        "metrics": {key: sorted([repr(point.value), point.timestamp, point.step] for point in client.get_metric_history(id, key)) for key in keys},
        "latest": {key: repr(run.data.metrics[key]) for key in keys},
        "datasets": [[each.dataset.name, each.dataset.digest, each.dataset.schema, sorted([tag.key, tag.value] for tag in each.tags)] for each in run.inputs.dataset_inputs],
        "models": [output.model_id for output in run.outputs.model_outputs] if run.outputs else [],
        "files": files_of(run.info.artifact_uri),
    }


def model_of(id):
    model = client.get_logged_model(id)
    return {
        "name": model.name,
        "experiment": experiment_of(model.experiment_id),
        "run": model.source_run_id,
        "status": str(model.status),
        "type": model.model_type,
        "times": model.creation_timestamp,
        "params": entries(model.params),
        "tags": entries(model.tags),
        "metrics": sorted([metric.key, repr(metric.value), metric.timestamp, metric.step, metric.run_id] for metric in model.metrics or []),
        "files": files_of(model.artifact_location),
    }


registered = client.get_registered_model(NAME)
# A search of MLflow's own server leaves the aliases out.
numbers = sorted(int(version.version) for version in client.search_model_versions(f"name = '{NAME}'"))
versions = [client.get_model_version(NAME, str(number)) for number in numbers]
runs = sorted({version.run_id for version in versions if version.run_id})
told = {
    "model": {"description": registered.description, "tags": entries(registered.tags), "aliases": entries({alias: str(version) for alias, version in registered.aliases.items()}), "time": registered.creation_timestamp},
    "versions": [
        {
            "number": int(version.version),
            "description": version.description or "",
            "stage": version.current_stage,
            "run": version.run_id or "",
            "tags": entries(version.tags),
            "aliases": sorted(version.aliases),
            "time": version.creation_timestamp,
            "files": files_of(client.get_model_version_download_uri(NAME, version.version)),
        }
        for version in versions
    ],
    "runs": {id: run_of(id) for id in runs},
    "models": {id: model_of(id) for id in os.environ["MODELS"].split()},
}
everything = [run.info.run_id for experiment in client.search_experiments(view_type=ViewType.ALL) for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL)]
told["all runs"] = sorted(everything)
champion = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
told["predicted"] = [round(float(value), 9) for value in champion.predict([{"distance_km": 100.0}, {"distance_km": 250.0}])]
print(json.dumps(told))
