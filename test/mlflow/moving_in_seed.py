"""Fills an MLflow server with all that there is to bring, by MLflow's own client."""

import json
import os
import tempfile
import warnings

import mlflow
import numpy
import pandas
from mlflow import MlflowClient
from mlflow.entities import Metric
from sklearn.linear_model import LinearRegression

warnings.simplefilter("ignore")
NAME = os.environ["MODEL"]
client = MlflowClient()
rows = pandas.DataFrame({"distance_km": numpy.linspace(10.0, 510.0, 200)})
model = LinearRegression().fit(rows, 12 + 0.08 * rows["distance_km"])
signature = mlflow.models.infer_signature(rows, model.predict(rows))

mlflow.set_experiment("deliveries")
with mlflow.start_run(run_name="first", description="as MLflow 3 logs it") as first:
    mlflow.log_params({"alpha": "0.5", "empty": "", "long": "x" * 500})
    mlflow.set_tags({"team": "süd", "note": "two\nlines"})
    mlflow.log_input(mlflow.data.from_pandas(rows, name="rows"), context="training")
    logged = mlflow.sklearn.log_model(model, name="line", signature=signature, registered_model_name=NAME, pip_requirements=["scikit-learn"])
    mlflow.log_text("hello", "notes ä/b (1).txt")
for start in range(0, 2500, 500):
    points = [Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(start, start + 500)]
    client.log_batch(first.info.run_id, metrics=points)

mlflow.set_experiment("deliveries, older")
with mlflow.start_run(run_name="second") as second, tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(model, f"{folder}/model", signature=signature, pip_requirements=["scikit-learn"])
    mlflow.log_artifacts(f"{folder}/model", "model")
    mlflow.log_metric("nothing", float("nan"))
    mlflow.log_metric("less", -1.5, step=-3)
older = client.create_model_version(NAME, f"{second.info.artifact_uri}/model", second.info.run_id, description="as MLflow 2 registers it")
copied = client.create_model_version(NAME, f"models:/{NAME}/{older.version}", second.info.run_id)
elsewhere = client.create_model_version(NAME, "s3://some-bucket/models/line", tags={"where": "elsewhere"})
gone = client.create_model_version(NAME, f"{second.info.artifact_uri}/model", second.info.run_id)
with mlflow.start_run(run_name="third") as third:
    mlflow.log_text("x", "model/MLmodel")
of_deleted = client.create_model_version(NAME, f"{third.info.artifact_uri}/model", third.info.run_id)
client.delete_model_version(NAME, gone.version)
client.delete_run(third.info.run_id)

client.update_registered_model(NAME, "how long a delivery takes")
client.set_registered_model_tag(NAME, "owner", "logistics")
client.set_model_version_tag(NAME, "1", "looked at", "yes")
client.transition_model_version_stage(NAME, "1", "Production")
client.set_registered_model_alias(NAME, "champion", older.version)
client.set_registered_model_alias(NAME, "baseline", "1")
client.create_registered_model("without versions")
print(json.dumps({"versions": [1, int(older.version), int(copied.version), int(elsewhere.version), int(of_deleted.version)], "runs": [first.info.run_id, second.info.run_id, third.info.run_id], "model": logged.model_id}))
