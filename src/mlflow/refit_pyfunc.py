"""Opens a version of a Refit model for MLflow: lies beside it in the folder that MLflow's client downloads.

Rows are read, and predictions given, as Refit's endpoint does it at /invocations: columns that are no input are left out,
values are cast where nothing is lost by it, and a missing value is taken where its column is optional.
"""

import importlib.util
import json
import math
import os
import re

import numpy
import pandas

MOST_FAULTS = 50
NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$", re.IGNORECASE | re.ASCII)


def _load_pyfunc(path):
    return Model(path)


class Model:
    def __init__(self, folder):
        with open(os.path.join(folder, "refit.json"), encoding="utf-8") as file:
            self.signature = json.load(file)["signature"]
        self.inputs = self.signature["inputs"]
        self.model = format_of(folder).open_model(folder, self.signature)

    def predict(self, model_input, params=None):
        """One number or label a row; the probabilities of every class with the parameter `probabilities`."""
        rows = self.rows_of(model_input)
        found = self.model.predict(len(rows), self.columns_of(rows))
        if not numpy.isfinite(found).all():
            raise ValueError("the model answers what is no number")
        if self.signature["task"] == "regression":
            return found
        classes = self.signature["classes"]
        if (params or {}).get("probabilities"):
            return pandas.DataFrame(found, columns=classes, index=rows.index)
        labels = numpy.array([int(label) for label in classes] if all(is_whole(label) for label in classes) else classes)
        return labels[found.argmax(axis=1)]

    def rows_of(self, model_input):
        names = [column["name"] for column in self.inputs]
        if isinstance(model_input, (pandas.DataFrame, dict)):
            rows = pandas.DataFrame(model_input)
        elif isinstance(model_input, list) and all(isinstance(row, dict) for row in model_input):
            rows = pandas.DataFrame(model_input)
        else:
            rows = pandas.DataFrame(model_input, columns=names)
        if len(rows) == 0:
            raise ValueError("there are no rows")
        return rows

    def columns_of(self, rows):
        faults, columns = [], {}
        for column in self.inputs:
            name = column["name"]
            values = rows[name].tolist() if name in rows.columns else [None] * len(rows)
            columns[name] = [read(column, value, f"rows[{index}].{name}", faults) for index, value in enumerate(values)]
        if faults:
            raise ValueError(f"{len(faults)} faults: {'; '.join(faults[:MOST_FAULTS])}")
        return columns


def read(column, value, where, faults):
    """A value for a column: a number, a text or a boolean; None where it is missing."""
    if isinstance(value, numpy.generic):
        value = value.item()
    if value is None or value is pandas.NA or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)):
        if not column["optional"]:
            faults.append(f"{where} is missing, and not optional")
        return None
    found = casts[column["type"]](value)
    if found is None:
        faults.append(f"{where} must be {kinds[column['type']]}, is {str(value)[:40]}")
    return found


def number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and not NUMBER.match(value):
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def category(value):
    if isinstance(value, str):
        return value
    # What a column of numbers makes of a category; as a float where one of them is missing.
    whole = not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    return str(int(value)) if whole else None


def boolean(value):
    return bool(value) if isinstance(value, bool) or (isinstance(value, (int, float)) and value in (0, 1)) else None


casts = {"number": number, "category": category, "boolean": boolean}
kinds = {"number": "a number", "category": "text", "boolean": "true or false"}


def is_whole(label):
    try:
        return str(int(label)) == label
    except ValueError:
        return False


def format_of(folder):
    """By its path and not by a name: another version that is loaded here may be of another format."""
    spec = importlib.util.spec_from_file_location("refit_format", os.path.join(folder, "refit-code", "refit_format.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
