"""Trains 300 trees on four of five houses of the file that the first argument names, and leaves them at the second, as ONNX; in the folder that a third one names also as joblib and as MLflow saves them."""

import sys

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingRegressor

houses = pd.read_csv(sys.argv[1])
train = houses[houses.index % 5 != 0]
features = train.drop(columns=["id", "date", "price"])
model = HistGradientBoostingRegressor(max_iter=300, random_state=1).fit(features.to_numpy(dtype=np.float32), train["price"])
onnx = to_onnx(model, initial_types=[("X", FloatTensorType([None, features.shape[1]]))], target_opset=18)
with open(sys.argv[2], "wb") as file:
    file.write(onnx.SerializeToString())

if len(sys.argv) > 3:
    import joblib
    import mlflow.sklearn

    joblib.dump(model, f"{sys.argv[3]}/model.joblib")
    mlflow.sklearn.save_model(model, f"{sys.argv[3]}/mlflow")
