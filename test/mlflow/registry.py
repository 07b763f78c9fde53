"""The model registry, by MLflow's own client: from a training script that registers its model to one that loads it."""

import json

import mlflow
import numpy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LinearRegression

client = MlflowClient()
features = numpy.arange(20.0).reshape(10, 2)
mlflow.set_experiment("registry")


def refused(code, call):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return
    raise AssertionError(f"not refused with {code}")


# Three versions, of which the third is registered by itself.
for number in range(2):
    with mlflow.start_run() as run:
        model = LinearRegression().fit(features, features.sum(axis=1) * (number + 1))
        logged = mlflow.sklearn.log_model(model, name="line", registered_model_name="lines", input_example=features[:1])
assert int(logged.registered_model_version) == 2, logged.registered_model_version
third = mlflow.register_model(logged.model_uri, "lines", tags={"by": "hand"})
assert third.version == "3" or third.version == 3, third
version = client.get_model_version("lines", "2")
assert version.run_id == run.info.run_id and version.current_stage == "None" and version.status == "READY", version
assert client.get_model_version_download_uri("lines", "2").startswith("mlflow-artifacts:/")
registered = json.loads(mlflow.get_logged_model(logged.model_id).tags["mlflow.modelVersions"])
assert {"name": "lines", "version": 3} in [{"name": each["name"], "version": int(each["version"])} for each in registered], registered

# Aliases
client.set_registered_model_alias("lines", "best", "1")
client.set_registered_model_alias("lines", "best", "2")
assert str(client.get_model_version_by_alias("lines", "best").version) == "2"
assert {alias: str(number) for alias, number in client.get_registered_model("lines").aliases.items()} == {"best": "2"}
refused("INVALID_PARAMETER_VALUE", lambda: client.get_model_version_by_alias("lines", "worst"))
for reserved in ("latest", "Latest", "v3"):
    refused("INVALID_PARAMETER_VALUE", lambda: client.set_registered_model_alias("lines", reserved, "1"))
predicted = {}
for uri in ("models:/lines/1", "models:/lines@best", "models:/lines/latest", f"models:/{logged.model_id}", f"runs:/{run.info.run_id}/line"):
    predicted[uri] = mlflow.pyfunc.load_model(uri).predict(features)
assert numpy.allclose(predicted["models:/lines/1"], features.sum(axis=1))
for uri in ("models:/lines@best", "models:/lines/latest", f"models:/{logged.model_id}", f"runs:/{run.info.run_id}/line"):
    assert numpy.allclose(predicted[uri], features.sum(axis=1) * 2), uri

# Tags, descriptions, search
client.set_registered_model_tag("lines", "team", "prices")
client.set_model_version_tag("lines", "1", "state", "old")
client.update_registered_model("lines", "straight lines")
client.update_model_version("lines", "1", "the first")
client.create_registered_model("curves", tags={"team": "curves"}, description="none yet")
refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model("curves"))
assert [each.name for each in client.search_registered_models()] == ["curves", "lines"]
assert [each.name for each in client.search_registered_models("name LIKE 'l%'")] == ["lines"]
assert [each.name for each in client.search_registered_models("tags.team = 'prices'")] == ["lines"]
assert [each.name for each in client.search_registered_models(order_by=["name DESC"])] == ["lines", "curves"]
found = lambda text: [int(each.version) for each in client.search_model_versions(text, order_by=["version_number ASC"])]
assert found("name = 'lines'") == [1, 2, 3]
assert found("name = 'lines' AND version_number > 1") == [2, 3]
assert found("tags.state = 'old'") == [1]
assert found(f"run_id = '{run.info.run_id}'") == [2, 3]
assert found(f"run_id IN ('{run.info.run_id}', 'x')") == [2, 3]
client.delete_registered_model_tag("lines", "team")
client.delete_model_version_tag("lines", "1", "state")
client.delete_model_version_tag("lines", "1", "never set")
assert found("tags.state = 'old'") == []

# Stages
client.transition_model_version_stage("lines", "1", "production")
client.transition_model_version_stage("lines", "2", "Production", archive_existing_versions=True)
assert {each.current_stage: int(each.version) for each in client.get_latest_versions("lines")} == {"Archived": 1, "Production": 2, "None": 3}
assert [int(each.version) for each in client.get_latest_versions("lines", ["Production"])] == [2]
refused("INVALID_PARAMETER_VALUE", lambda: client.transition_model_version_stage("lines", "1", "Somewhere"))

# What is deleted is gone, and its number is not given out again.
client.delete_model_version("lines", "3")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version("lines", "3"))
assert int(mlflow.register_model(logged.model_uri, "lines").version) == 4
client.rename_registered_model("lines", "all lines")
assert found("name = 'all lines'") == [1, 2, 4]
assert str(client.get_model_version_by_alias("all lines", "best").version) == "2"
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("lines"))
client.delete_model_version("all lines", "2")
refused("INVALID_PARAMETER_VALUE", lambda: client.get_model_version_by_alias("all lines", "best"))
client.delete_registered_model("all lines")
assert [each.name for each in client.search_registered_models()] == ["curves"]
print(json.dumps({"versions": 4}))
