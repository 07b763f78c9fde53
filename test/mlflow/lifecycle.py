"""Versions of Refit's own lifecycle, by MLflow's own client: found, looked at, loaded by their alias, and left alone."""

import json
import os

import mlflow
import pandas
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()
rows = json.loads(os.environ["ASKED"])
loadable = ["trees", "tree-kinds", "onnx", "joblib", "saved"]


def refused(code, words, call):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code and words in str(error), (error.error_code, str(error))
        return
    raise AssertionError(f"not refused with {code}")


# They are found beside what clients register themselves.
client.create_registered_model("of a client")
everything = sorted([*loadable, "prepared", "line", "of a client"])
assert sorted(each.name for each in client.search_registered_models()) == everything
assert sorted(each.name for each in client.search_registered_models("tags.`refit.task` = 'classification'")) == ["joblib", "tree-kinds"]
assert client.get_registered_model("trees").aliases == {"champion": "1"} or client.get_registered_model("trees").aliases == {"champion": 1}
version = client.get_model_version_by_alias("trees", "champion")
assert (str(version.version), version.status, version.aliases) == ("1", "READY", ["champion"]), version
told = version.tags
assert told["refit.run"] == "trees-1" and told["refit.verdict"] == "passed" and told["refit.format"] == "ydf" and told["refit.state"] == "passed", told
assert float(told["refit.metrics.mae"]) > 0 and len(told["refit.digest"]) == 64 and "passed" in told["refit.verdict.summary"].lower(), told
assert [each.name for each in client.search_model_versions("tags.`refit.run` = 'onnx-1'")] == ["onnx"]
assert [each.name for each in client.search_model_versions("tags.`refit.format` = 'python'", order_by=["name ASC"])] == ["joblib", "saved"]
assert [str(each.version) for each in client.get_latest_versions("trees")] == ["1"]

# Clients may add to them, and change nothing of them.
client.update_registered_model("trees", "houses")
client.update_model_version("trees", "1", "the first")
client.set_registered_model_tag("trees", "team", "prices")
client.set_model_version_tag("trees", "1", "looked at", "yes")
client.set_registered_model_alias("trees", "favourite", "1")
version = client.get_model_version_by_alias("trees", "favourite")
assert version.description == "the first" and version.tags["looked at"] == "yes" and sorted(version.aliases) == ["champion", "favourite"]
client.delete_registered_model_alias("trees", "favourite")
client.delete_model_version_tag("trees", "1", "looked at")
for words, call in [
    ("refit retire", lambda: client.delete_registered_model("trees")),
    ("project file", lambda: client.rename_registered_model("trees", "bushes")),
    ("are kept", lambda: client.delete_model_version("trees", "1")),
    ("refit adopt", lambda: client.create_model_version("trees", "mlflow-artifacts:/0/x/artifacts/model")),
    ("no stages", lambda: client.transition_model_version_stage("trees", "1", "Production")),
    ("are facts", lambda: client.set_model_version_tag("trees", "1", "refit.verdict", "failed")),
    ("are facts", lambda: client.delete_model_version_tag("trees", "1", "refit.verdict")),
    ("are facts", lambda: client.set_registered_model_tag("trees", "refit.task", "none")),
    ("refit rollback", lambda: client.delete_registered_model_alias("trees", "champion")),
    ("is written so", lambda: client.set_registered_model_alias("trees", "Champion", "1")),
]:
    refused("INVALID_PARAMETER_VALUE", words, call)
refused("RESOURCE_ALREADY_EXISTS", "already exists", lambda: client.create_registered_model("trees"))
refused("RESOURCE_DOES_NOT_EXIST", "not found", lambda: client.get_model_version("trees", "2"))

# What Python cannot run is not handed out, with the reason.
for name, words in [("prepared", "prepared by a module in TypeScript"), ("line", 'of the format "module"')]:
    assert str(client.get_model_version_by_alias(name, "champion").version) == "1"
    refused("NOT_IMPLEMENTED", words, lambda: client.get_model_version_download_uri(name, "1"))
    refused("NOT_IMPLEMENTED", words, lambda: mlflow.pyfunc.load_model(f"models:/{name}@champion"))

# What serves is loaded, and predicts; several formats in one process.
predictions, infos = {}, {}
for name in loadable:
    taken = [column["name"] for column in json.loads(os.environ["INPUTS"])[name]]
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    frame = pandas.DataFrame(rows)[taken]
    if name == "saved":
        # Its signature is its own, with doubles, for which MLflow's client takes no whole numbers; the endpoint does.
        assert str(frame["floors"].dtype) == "int64", frame.dtypes
        try:
            model.predict(frame)
        except MlflowException as error:
            assert "Can not safely convert int64 to float64" in str(error), error
        else:
            raise AssertionError("whole numbers are taken for doubles: docs/mlflow.md says otherwise")
        frame = frame.astype(float)
    predictions[name] = model.predict(frame).tolist()
    if name in ("tree-kinds", "joblib"):
        probabilities = model.predict(frame, params={"probabilities": True})
        predictions[f"{name} probabilities"] = probabilities.to_dict("records")
# One of the first is asked again after the others were loaded, by its number.
assert mlflow.pyfunc.load_model("models:/trees/1").predict(pandas.DataFrame(rows)).tolist() == predictions["trees"]
assert mlflow.pyfunc.load_model("models:/trees/latest").predict(rows).tolist() == predictions["trees"]
assert mlflow.sklearn.load_model("models:/saved@champion").predict(pandas.DataFrame(rows)[["area", "floors"]]).tolist() == predictions["saved"]
whole = pandas.DataFrame({"area": [50, 60], "floors": [1, 2], "district": [1, 7]})
assert len(mlflow.pyfunc.load_model("models:/trees@champion").predict(whole)) == 2
for wrong, words in [({"area": ["much"], "floors": [1]}, "must be a number"), ({"area": [50]}, "floors is missing, and not optional")]:
    try:
        mlflow.pyfunc.load_model("models:/trees@champion").predict(pandas.DataFrame(wrong))
    except Exception as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)
print(json.dumps(predictions))
