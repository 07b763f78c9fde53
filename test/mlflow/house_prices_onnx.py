"""Asks the genuine client what became of the newest training of examples/house-prices-xgboost, and predicts with what serves."""

import json
import os

import mlflow
import pandas
from mlflow import MlflowClient

model, rows = os.environ["MODEL"], json.loads(os.environ["ROWS"])
client = MlflowClient()
champion = client.get_model_version_by_alias(model, "champion")
run = client.get_run(champion.run_id)
rounds = client.get_metric_history(run.info.run_id, "validation_0-mape")
loaded = mlflow.pyfunc.load_model(f"models:/{model}@champion")
predicted = [float(value) for value in loaded.predict(pandas.DataFrame(rows))]
print(json.dumps({"params": run.data.params, "rounds": [each.value for each in sorted(rounds, key=lambda each: each.step)], "flavors": sorted(loaded.metadata.flavors), "predicted": predicted}))
