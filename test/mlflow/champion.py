"""Sets the alias champion by MLflow's own client, and tells what became of it."""

import json
import os

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()
name, version = os.environ["MODEL"], os.environ["VERSION"]
try:
    client.set_registered_model_alias(name, "champion", version)
    refused = None
except MlflowException as error:
    refused = f"{error.error_code}: {error}"
aliases = {alias: int(number) for alias, number in client.get_registered_model(name).aliases.items()}
print(json.dumps({"refused": refused, "champion": aliases.get("champion")}))
