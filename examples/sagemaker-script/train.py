"""Written for SageMaker's scikit-learn container in script mode; it knows nothing of Refit."""

import argparse
import json
import os

import joblib
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    # Hyper-parameters are handed over as arguments.
    parser.add_argument("--n-estimators", type=int, default=10)
    parser.add_argument("--min-samples-leaf", type=int, default=1)
    parser.add_argument("--train-file", type=str, default="orders_train.csv")
    parser.add_argument("--test-file", type=str, default="orders_test.csv")
    parser.add_argument("--target", type=str)
    # Places come from the container.
    parser.add_argument("--output-data-dir", type=str, default=os.environ.get("SM_OUTPUT_DATA_DIR"))
    parser.add_argument("--model-dir", type=str, default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--train", type=str, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", type=str, default=os.environ.get("SM_CHANNEL_TEST"))
    args, _ = parser.parse_known_args()

    hosts = json.loads(os.environ["SM_HOSTS"])
    print(f"training on {os.environ['SM_CURRENT_HOST']} of {hosts}, {os.environ['SM_NUM_CPUS']} processors, {os.environ['SM_NUM_GPUS']} GPUs")
    print("hyper-parameters:", os.environ["SM_HPS"])

    train = pd.read_csv(os.path.join(args.train, args.train_file))
    test = pd.read_csv(os.path.join(args.test, args.test_file))
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), make_column_selector(pattern="^carrier$")), remainder="passthrough")
    model = make_pipeline(encoder, RandomForestRegressor(n_estimators=args.n_estimators, min_samples_leaf=args.min_samples_leaf, random_state=0))
    model.fit(train.drop(columns=args.target), train[args.target])

    error = mean_absolute_error(test[args.target], model.predict(test.drop(columns=args.target)))
    print(f"mean absolute error: {error:.3f}")
    with open(os.path.join(args.output_data_dir, "metrics.json"), "w") as file:
        json.dump({"mae": error}, file)
    joblib.dump(model, os.path.join(args.model_dir, "model.joblib"))
