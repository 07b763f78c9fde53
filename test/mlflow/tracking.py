"""What a training script does to a tracking server, by MLflow's own client."""

import json
import math

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.name_utils import _GENERATOR_PREDICATES

client = MlflowClient()


def refused(code, call):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"not refused with {code}")


# Experiments
assert client.get_experiment("0").name == "Default"
assert client.get_experiment_by_name("none") is None
first = client.create_experiment("houses", tags={"team": "prices"})
assert client.get_experiment(first).tags == {"team": "prices"}
assert client.get_experiment(first).artifact_location == f"mlflow-artifacts:/{first}"
refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment("houses"))
client.rename_experiment(first, "all houses")
client.set_experiment_tag(first, "team", "sales")
assert client.get_experiment_by_name("all houses").tags == {"team": "sales"}
second = client.create_experiment("gone")
client.delete_experiment(second)
assert client.get_experiment_by_name("gone").lifecycle_stage == "deleted"
refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment("gone"))
client.restore_experiment(second)
assert {each.name for each in client.search_experiments()} == {"Default", "all houses", "gone"}

# A run that nobody has named
unnamed = client.create_run("0")
assert unnamed.info.run_name.split("-")[0] in _GENERATOR_PREDICATES and unnamed.data.tags["mlflow.runName"] == unnamed.info.run_name, unnamed.info
client.delete_run(unnamed.info.run_id)

# A run
mlflow.set_experiment("all houses")
with mlflow.start_run(run_name="one") as run:
    mlflow.log_params({"depth": 3, "rate": 0.1, "empty": ""})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metric("not a number", math.nan)
    mlflow.log_metric("endless", math.inf)
    mlflow.set_tag("owner", "alice")
    mlflow.log_text("hello", "notes/hello.txt")
run_id = run.info.run_id
kept = client.get_run(run_id)
assert kept.info.status == "FINISHED" and kept.info.run_name == "one", kept.info
assert kept.data.params == {"depth": "3", "rate": "0.1", "empty": ""}
assert kept.data.metrics["loss"] == 0.2 and math.isnan(kept.data.metrics["not a number"])
assert kept.data.metrics["endless"] >= 1.7976931348623157e308
assert kept.data.tags["owner"] == "alice" and kept.data.tags["mlflow.runName"] == "one"
assert [(each.step, each.value) for each in client.get_metric_history(run_id, "loss")] == [(step, 1 / (step + 1)) for step in range(5)]
assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt") == "hello"

# The latest value is the greatest by step, time and value, not the one that came last.
client.log_metric(run_id, "late", 1.0, timestamp=100, step=5)
client.log_metric(run_id, "late", 9.0, timestamp=200, step=1)
client.log_metric(run_id, "late", 2.0, timestamp=50, step=5)
assert client.get_run(run_id).data.metrics["late"] == 1.0
client.log_metric(run_id, "late", 1.0, timestamp=100, step=5)
assert len(client.get_metric_history(run_id, "late")) == 3

# Parameters do not change, tags do.
client.log_param(run_id, "depth", "3")
refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(run_id, "depth", "4"))
client.set_tag(run_id, "owner", "bob")
assert client.get_run(run_id).data.tags["owner"] == "bob"
client.delete_tag(run_id, "owner")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.delete_tag(run_id, "owner"))

# A batch is logged whole or not at all, and may be sent again.
batch = dict(
    metrics=[Metric("a", step / 7, step, step) for step in range(900)],
    params=[Param(f"p{number}", str(number)) for number in range(50)],
    tags=[RunTag(f"t{number}", str(number)) for number in range(50)],
)
for _ in range(2):
    client.log_batch(run_id, **batch)
assert len(client.get_metric_history(run_id, "a")) == 900
refused("INVALID_PARAMETER_VALUE", lambda: client.log_batch(run_id, metrics=[Metric("b", 1, 1, 1)], params=[Param("p0", "other")], tags=[RunTag("z", "z")]))
data = client.get_run(run_id).data
assert "b" not in data.metrics and "z" not in data.tags and data.params["p0"] == "0"

# What is deleted is read and not written.
client.delete_run(run_id)
assert client.get_run(run_id).info.lifecycle_stage == "deleted"
assert "must be in the 'active' state" in refused("INVALID_PARAMETER_VALUE", lambda: client.log_metric(run_id, "loss", 0))
assert [each.info.run_id for each in client.search_runs([first], run_view_type=ViewType.DELETED_ONLY)] == [run_id]
client.restore_run(run_id)
client.log_metric(run_id, "loss", 0, step=9)
client.update_run(run_id, name="renamed")
assert client.get_run(run_id).data.tags["mlflow.runName"] == "renamed"
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run("0" * 32))

# Nested runs and pages
with mlflow.start_run(run_name="parent") as parent:
    for number in range(7):
        with mlflow.start_run(run_name=f"child {number}", nested=True):
            mlflow.log_metric("score", number)
seen, token = [], None
while True:
    page = client.search_runs([first], f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.score DESC"], max_results=3, page_token=token)
    seen += [each.data.metrics["score"] for each in page]
    token = page.token
    if not token:
        break
assert seen == [6, 5, 4, 3, 2, 1, 0], seen

print(json.dumps({"run": run_id, "children": len(seen)}))
