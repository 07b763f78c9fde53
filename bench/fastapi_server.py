"""What predictions are measured beside: scikit-learn behind FastAPI, as teams write it by hand. MODEL_FILE names the joblib file, MODEL_COLUMNS the inputs."""

import json
import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

columns = json.loads(os.environ["MODEL_COLUMNS"])
model = joblib.load(os.environ["MODEL_FILE"])
app = FastAPI()


class Rows(BaseModel):
    rows: list[dict[str, float]]


@app.post("/predict")
def predict(asked: Rows):
    features = np.array([[row[column] for column in columns] for row in asked.rows], dtype=np.float32)
    return {"predictions": model.predict(features).tolist()}
