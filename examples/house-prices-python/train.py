"""Trains house prices with scikit-learn; MLflow's autolog says what it did, and logs the model, which becomes the candidate.

Only where the rows and the parameters are is told by Refit. Its experiment is named as it was on the server before.
"""

import json
import os
from pathlib import Path

import mlflow
import pandas
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_percentage_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

mlflow.set_experiment("king-county")
mlflow.sklearn.autolog()

target = os.environ["REFIT_TARGET"]
parameters = json.loads(Path(os.environ["REFIT_PARAMS"]).read_text())


def read(folder: str, name: str) -> tuple[pandas.DataFrame, pandas.Series]:
    rows = pandas.read_parquet(Path(os.environ[folder]) / name)
    return rows.drop(columns=target), rows[target]


features, price = read("REFIT_TRAIN", "train.parquet")
validation, truth = read("REFIT_VALIDATION", "validation.parquet")
model = make_pipeline(
    ColumnTransformer([("zipcode", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["zipcode"])], remainder="passthrough"),
    HistGradientBoostingRegressor(loss="gamma", random_state=int(os.environ["REFIT_SEED"]), **parameters),
)
with mlflow.start_run():
    model.fit(features, price)
    mlflow.log_metric("validation_mape", mean_absolute_percentage_error(truth, model.predict(validation)))
