"""Trains gradient boosting on the training set that Refit hands over and leaves it as ONNX."""

import json
import os
from pathlib import Path

import pandas
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

categories = ["carrier"]
numbers = ["distance_km", "weight_kg", "express", "weekday"]
target = os.environ["REFIT_TARGET"]
parameters = json.loads(Path(os.environ["REFIT_PARAMS"]).read_text())


def read(folder: str, name: str) -> tuple[pandas.DataFrame, pandas.Series]:
    rows = pandas.read_csv(Path(os.environ[folder]) / name)
    return rows[categories + numbers].astype({name: "float32" for name in numbers}), rows[target]


features, hours = read("REFIT_TRAIN", "train.csv")
model = make_pipeline(
    ColumnTransformer([("category", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories), ("number", "passthrough", numbers)]),
    GradientBoostingRegressor(n_estimators=parameters["trees"], random_state=int(os.environ["REFIT_SEED"])),
)
model.fit(features, hours)

validation, truth = read("REFIT_VALIDATION", "validation.csv")
print(f"trained on {len(features)} rows; mean absolute error on the validation set: {mean_absolute_error(truth, model.predict(validation)):.2f} hours")

# One input for each column, by its name.
inputs = [(name, StringTensorType([None, 1])) for name in categories] + [(name, FloatTensorType([None, 1])) for name in numbers]
onnx = to_onnx(model, initial_types=inputs)
(Path(os.environ["REFIT_MODEL_DIR"]) / "model.onnx").write_bytes(onnx.SerializeToString())
