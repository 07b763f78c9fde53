"""Written for custom training on Vertex AI, which mounts buckets below /gcs; it knows nothing of Refit."""

import argparse
import glob
import os

import joblib
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def mounted(uri: str) -> str:
    return uri.replace("gs://", "/gcs/")


def read(variable: str) -> pd.DataFrame:
    # A dataset is exported in parts: gs://bucket/training-*.csv
    return pd.concat([pd.read_csv(part) for part in sorted(glob.glob(mounted(os.environ[variable])))])


parser = argparse.ArgumentParser()
parser.add_argument("--trees", type=int, default=50)
parser.add_argument("--label", type=str, required=True)
args = parser.parse_args()

assert os.environ["AIP_DATA_FORMAT"] == "csv", os.environ["AIP_DATA_FORMAT"]
training, validation = read("AIP_TRAINING_DATA_URI"), read("AIP_VALIDATION_DATA_URI")
encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(pattern="^carrier$")), remainder="passthrough")
model = make_pipeline(encoder, GradientBoostingRegressor(n_estimators=args.trees, random_state=0))
model.fit(training.drop(columns=args.label), training[args.label])
print("r2 on the validation data:", r2_score(validation[args.label], model.predict(validation.drop(columns=args.label))))

checkpoints = mounted(os.environ["AIP_CHECKPOINT_DIR"])
os.makedirs(checkpoints, exist_ok=True)
joblib.dump(model, os.path.join(checkpoints, "last.joblib"))
model_dir = mounted(os.environ["AIP_MODEL_DIR"])
os.makedirs(model_dir, exist_ok=True)
joblib.dump(model, os.path.join(model_dir, "model.joblib"))
