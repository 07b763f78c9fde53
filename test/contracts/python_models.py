"""Trains the models of python-predictor.test.ts into the folders of its argument, with the answers that scikit-learn itself gives."""

import json
import pickle
import sys
from pathlib import Path

import joblib
import numpy
import pandas
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

root = Path(sys.argv[1])
asked = pandas.read_json(sys.argv[2], orient="records", dtype=False)
text = pandas.Series([""]).dtype


def typed(rows):
    return pandas.DataFrame({"district": rows["district"].astype(text), "area": rows["area"].astype("float64"), "garden": rows["garden"].astype(object).where(rows["garden"].notna(), None), "floors": rows["floors"].astype("float64")})


random = numpy.random.default_rng(7)
count = 400
houses = typed(
    pandas.DataFrame(
        {
            "district": random.choice(["01", "north, east", "süd", None], count),
            "area": numpy.where(random.random(count) < 0.1, numpy.nan, random.uniform(40, 300, count)),
            "garden": random.choice([True, False, None], count),
            "floors": random.integers(1, 4, count).astype(float),
        }
    )
)
price = 1000 * houses["area"].fillna(100) + houses["district"].map({"01": 50_000, "süd": 90_000}).fillna(0) + 20_000 * houses["floors"]

encode = ColumnTransformer(
    [("district", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["district"]), ("garden", FunctionTransformer(), ["garden"])],
    remainder="passthrough",
)
regression = make_pipeline(encode, HistGradientBoostingRegressor(max_iter=30, random_state=1)).fit(houses, price)
(root / "regression").mkdir()
joblib.dump(regression, root / "regression" / "model.joblib")

# Fitted without names, on all cores, with labels in another order than that of their names.
numbers = houses[["area", "floors"]].fillna(0).to_numpy()
labels = numpy.where(price > 200_000, "dear", numpy.where(price > 120_000, "fair", "cheap"))
classification = RandomForestClassifier(n_estimators=20, n_jobs=-1, random_state=1).fit(numbers, labels)
(root / "classification").mkdir()
(root / "classification" / "forest.pkl").write_bytes(pickle.dumps(classification))

answers = {
    "regression": regression.predict(typed(asked)).tolist(),
    "classification": classification.predict(asked[["area", "floors"]].astype("float64").fillna(0).to_numpy()).tolist(),
    "classes": classification.classes_.tolist(),
}
(root / "answers.json").write_text(json.dumps(answers))
