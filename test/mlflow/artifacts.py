"""Artifacts of a run, by MLflow's own client: sent, listed, fetched and removed."""

import json
import os
import pathlib

import mlflow
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

client = MlflowClient()
run = client.create_run(client.create_experiment("artifacts"))
run_id = run.info.run_id
folder = pathlib.Path("sent")
(folder / "inner" / "with space").mkdir(parents=True)
(folder / "inner" / "with space" / "café 100%.txt").write_text("façade")
(folder / "empty").write_bytes(b"")
large = os.urandom(30_000_000)
(folder / "large.bin").write_bytes(large)
client.log_artifacts(run_id, str(folder), "kept")
client.log_dict(run_id, {"a": [1, 2]}, "settings.json")

assert [(each.path, each.is_dir) for each in client.list_artifacts(run_id)] == [("kept", True), ("settings.json", False)]
listed = {each.path: each.file_size for each in client.list_artifacts(run_id, "kept")}
assert listed == {"kept/empty": 0, "kept/inner": None, "kept/large.bin": 30_000_000}, listed
assert client.list_artifacts(run_id, "kept/large.bin") == []
assert client.list_artifacts(run_id, "nothing") == []

fetched = pathlib.Path(download_artifacts(run_id=run_id, artifact_path="kept"))
assert (fetched / "large.bin").read_bytes() == large
assert (fetched / "empty").read_bytes() == b""
assert (fetched / "inner" / "with space" / "café 100%.txt").read_text() == "façade"
assert mlflow.artifacts.load_dict(f"runs:/{run_id}/settings.json") == {"a": [1, 2]}

# Sent again, a file takes the place of the former one.
client.log_text(run_id, "second", "settings.json")
assert mlflow.artifacts.load_text(f"runs:/{run_id}/settings.json") == "second"
repository = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(client.get_run(run_id).info.artifact_uri)
repository.delete_artifacts("kept/inner")
assert [each.path for each in client.list_artifacts(run_id, "kept")] == ["kept/empty", "kept/large.bin"]
print(json.dumps({"bytes": len(large)}))
