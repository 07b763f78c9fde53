"""A training script with autolog, as people write them: the only thing that it knows of the server is its address."""

import json

import mlflow
import numpy
from mlflow import MlflowClient
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

mlflow.set_experiment("autolog")
mlflow.autolog()

random = numpy.random.default_rng(7)
features = random.normal(size=(200, 3))
target = features @ [1.0, -2.0, 0.5] + random.normal(scale=0.1, size=200)
train, test, train_target, test_target = train_test_split(features, target, random_state=7)
with mlflow.start_run() as run:
    model = RandomForestRegressor(n_estimators=5, max_depth=4, random_state=7).fit(train, train_target)
    predicted = model.predict(test)

client = MlflowClient()
kept = client.get_run(run.info.run_id)
assert kept.info.status == "FINISHED"
assert kept.data.params["n_estimators"] == "5", kept.data.params
assert kept.data.metrics["training_r2_score"] > 0.5, kept.data.metrics
contexts = [tag.value for each in kept.inputs.dataset_inputs for tag in each.tags if tag.key == "mlflow.data.context"]
assert "train" in contexts, kept.inputs
[output] = kept.outputs.model_outputs
logged = mlflow.get_logged_model(output.model_id)
assert logged.status.name == "READY" or str(logged.status).endswith("READY"), logged
assert {each.key for each in logged.metrics} >= {"training_r2_score"}, logged.metrics
assert dict(logged.params)["n_estimators"] == "5"
loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
assert numpy.array_equal(loaded.predict(test), predicted)
[found] = mlflow.search_logged_models([kept.info.experiment_id], filter_string="metrics.training_r2_score > 0.5 AND params.max_depth = '4'", output_format="list")
assert found.model_id == output.model_id
print(json.dumps({"params": len(kept.data.params), "metrics": len(kept.data.metrics), "model": output.model_id}))
