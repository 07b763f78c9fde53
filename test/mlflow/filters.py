"""
Asks a tracking server for runs by many filters, and prints for each the names of what it found, in order, or the code of
its refusal. What a genuine server has answered is kept in test/fixtures/mlflow; made anew by
`MLFLOW_TRACKING_URI=<genuine server> python test/mlflow/filters.py > test/fixtures/mlflow/filters.json`.
"""

import json
import time
import math

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

client = MlflowClient()
experiment = client.create_experiment(f"filters {time.time_ns()}")

RUNS = [
    # name, start, status, params, metrics, tags, datasets
    ("alpha", 1000, "FINISHED", {"lr": "0.1", "batch size": "32", "opt": "Adam"}, {"loss": 0.5, "val/acc": 0.8}, {"team": "Red", "mlflow.user": "ann"}, [("houses", "d1", "train")]),
    ("beta", 2000, "FINISHED", {"lr": "0.01", "batch size": "64", "opt": "adam"}, {"loss": 0.25, "val/acc": 0.9}, {"team": "red"}, [("houses", "d2", "train"), ("flats", "f1", "eval")]),
    ("gamma", 3000, "FAILED", {"lr": "0.1", "opt": "sgd"}, {"loss": math.nan}, {"team": "blue", "note": "it's 100%_done"}, []),
    ("delta", 3500, "KILLED", {"lr": ""}, {"loss": 2, "epoch": 7}, {"note": 'say "hi"'}, [("flats", "f2", "train")]),
    ("epsilon", 4000, "RUNNING", {}, {}, {}, []),
    ("zeta", 5000, "FINISHED", {"opt": "SGD"}, {"loss": -1.5, "epoch": 7}, {"team": "green"}, [("houses", "d1", "eval")]),
    ("Eta", 6000, "SCHEDULED", {"lr": "0.001", "path": "a\\b"}, {"loss": math.inf, "val/acc": 0.8}, {"team": "re_d"}, []),
    ("theta", 7000, "FINISHED", {"lr": "1e-1"}, {"loss": 0.5, "epoch": 0}, {"ключ": "значение", "team": "red team"}, []),
]

ids = {}
for name, start, status, params, metrics, tags, datasets in RUNS:
    run = client.create_run(experiment, start_time=start, run_name=name)
    ids[name] = run.info.run_id
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(key, value, start, 0) for key, value in metrics.items()],
        params=[Param(key, value) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    if datasets:
        client.log_inputs(
            run.info.run_id,
            [DatasetInput(Dataset(name, digest, "local", "here"), [InputTag("mlflow.data.context", context)]) for name, digest, context in datasets],
        )
    if status != "RUNNING":
        client.set_terminated(run.info.run_id, status, end_time=start + 500)

FILTERS = [
    "",
    "metrics.loss < 0.5",
    "metrics.loss <= 0.5",
    "metric.loss > 0.25",
    "metrics.loss >= 0.5 and metrics.epoch = 0",
    "metrics.epoch = 7",
    "metrics.epoch != 7",
    "metrics.loss = -1.5",
    "metrics.`val/acc` = 0.8",
    'metrics."val/acc" > 0.8',
    "metrics.loss < 1e3",
    "params.lr = '0.1'",
    'params.lr = "0.1"',
    "param.lr != '0.1'",
    "params.lr = ''",
    "parameters.opt LIKE 'A%'",
    "params.opt ILIKE 'a%'",
    "params.opt like 's_d'",
    "params.opt ILIKE 'S_D'",
    "params.\"batch size\" = '32'",
    "params.`batch size` != '32'",
    "tags.team = 'red'",
    "tags.team ILIKE 'red'",
    "tags.team LIKE 're%'",
    "tag.team LIKE '%e_'",
    "tags.team != 'red'",
    "tags.mlflow.user = 'ann'",
    "tags.`mlflow.user` = 'ann'",
    "tags.note = \"it's 100%_done\"",
    "tags.note LIKE '%100%%'",
    "tags.note = 'say \"hi\"'",
    "tags.nothing = 'x'",
    "attributes.status = 'FINISHED'",
    "status != 'FINISHED'",
    "attr.status LIKE 'F%'",
    "attributes.start_time >= 3000",
    "start_time = 3000",
    "created > 5000",
    "attributes.end_time < 3000",
    "end_time != 0",
    "run_name = 'alpha'",
    "attributes.`run name` LIKE '%eta'",
    "attributes.run_name ILIKE 'E%'",
    "attributes.user_id = 'unknown'",
    "datasets.name = 'houses'",
    "dataset.name LIKE 'ho%'",
    "datasets.digest = 'd1'",
    "datasets.name = 'houses' AND datasets.context = 'eval'",
    "datasets.context = 'train'",
    "datasets.name IN ('flats', 'x')",
    "datasets.digest IN ('d1', 'f2') AND metrics.loss < 1",
    "datasets.name != 'houses'",
    "metrics.loss > 0 AND params.lr = '0.1' AND tags.team ILIKE 'R%'",
    "metrics.loss > 0 AND metrics.loss < 1",
    # Refused
    "metrics.loss < 0.5 OR metrics.loss > 1",
    "metrics.loss LIKE 'a'",
    "metrics.loss = '0.5'",
    "params.lr > '0'",
    "params.lr = 0.1",
    "(metrics.loss < 1)",
    "metrics.loss",
    "metrics.loss < 1 metrics.loss > 0",
    "models.x = 'y'",
    "attributes.nothing = 'x'",
    "params.lr IN ('0.1')",
    "attributes.status IN ('FINISHED')",
    "start_time = 'now'",
    "datasets.source = 'here'",
    "metrics.loss < 1; drop table runs",
    "metrics.loss < 1 --",
    "params.lr = 'unclosed",
    "NOT params.lr = '0.1'",
]
ORDERS = [
    ["metrics.loss ASC"],
    ["metrics.loss DESC"],
    ["params.lr"],
    ["params.lr DESC", "attributes.start_time ASC"],
    ["tags.team desc"],
    ["metrics.epoch DESC", "metrics.loss ASC"],
    ["start_time ASC"],
    ["end_time DESC"],
    ["attributes.status", "attributes.run_name DESC"],
    ["metrics.`val/acc` DESC"],
    ["run_name"],
    ["created"],
    # Refused
    ["metrics.loss SIDEWAYS"],
    ["nothing.at all"],
    ["metrics.loss", "metrics.loss DESC"],
]

names = {run_id: name for name, run_id in ids.items()}


def answered(**asked):
    try:
        found = client.search_runs([experiment], run_view_type=ViewType.ACTIVE_ONLY, **asked)
    except MlflowException as error:
        return error.error_code
    return [names[run.info.run_id] for run in found]


answers = {
    "version": mlflow.__version__,
    "filters": {text: answered(filter_string=text) for text in FILTERS},
    "orders": {json.dumps(order): answered(filter_string="", order_by=order) for order in ORDERS},
    "in": {
        "IN": answered(filter_string=f"attributes.run_id IN ('{ids['alpha']}', '{ids['theta']}')"),
        "NOT IN": answered(filter_string=f"run_id NOT IN ('{ids['alpha']}', '{ids['theta']}')"),
        "=": answered(filter_string=f"attributes.run_id = '{ids['beta']}'"),
    },
}
print(json.dumps(answers, ensure_ascii=False))
