"""Trains house prices with XGBoost and leaves the model as ONNX, which Refit serves without Python.

MLflow's autolog keeps parameters and the error after each round; the model itself is not logged, for what lies in the model folder is
the candidate.
"""

import json
import os
from pathlib import Path

import mlflow
import numpy
import onnxruntime
import pandas
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBRegressor

update_registered_converter(XGBRegressor, "XGBoostXGBRegressor", calculate_linear_regressor_output_shapes, convert_xgboost)
mlflow.xgboost.autolog(log_models=False, importance_types=[])

categories = ["zipcode"]
numbers = ["sqft_living", "bedrooms", "waterfront", "yr_renovated"]
target = os.environ["REFIT_TARGET"]
parameters = json.loads(Path(os.environ["REFIT_PARAMS"]).read_text())


def read(folder: str, name: str) -> tuple[pandas.DataFrame, pandas.Series]:
    rows = pandas.read_parquet(Path(os.environ[folder]) / name)
    # ONNX computes in floats of 32 bits, so the splits are learned from such; a missing number is NaN in both.
    return rows[categories + numbers].astype({name: "float32" for name in numbers}), rows[target]


features, price = read("REFIT_TRAIN", "train.parquet")
validation, truth = read("REFIT_VALIDATION", "validation.parquet")
columns = ColumnTransformer([("category", OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=numpy.float32), categories), ("number", "passthrough", numbers)])
booster = XGBRegressor(**parameters, early_stopping_rounds=20, eval_metric="mape", random_state=int(os.environ["REFIT_SEED"]))
columns.fit(features)

with mlflow.start_run():
    booster.fit(columns.transform(features), price, eval_set=[(columns.transform(validation), truth)], verbose=False)
    mlflow.log_metric("validation_mape", booster.best_score)

# One input for each column, by its name.
inputs = [(name, StringTensorType([None, 1])) for name in categories] + [(name, FloatTensorType([None, 1])) for name in numbers]
onnx = to_onnx(make_pipeline(columns, booster), initial_types=inputs, target_opset={"": 18, "ai.onnx.ml": 3}).SerializeToString()

asked = {name: validation[[name]].to_numpy() for name in validation.columns}
[converted] = onnxruntime.InferenceSession(onnx).run(None, asked)
trained = booster.predict(columns.transform(validation))
difference = float(numpy.max(numpy.abs(converted[:, 0] / trained - 1)))
print(f"{booster.best_iteration + 1} trees; as ONNX they answer the validation set to within {difference:.1e} of what XGBoost does")
if difference > 1e-4:
    raise SystemExit("what was converted is another model")
(Path(os.environ["REFIT_MODEL_DIR"]) / "model.onnx").write_bytes(onnx)
