"""A Python model, loaded and asked by the code of Refit's own workers, which lies beside this file."""

import importlib.util
import json
import os
import sys

import numpy

MISSING_BOOLEAN = 2


def open_model(folder, signature):
    with open(os.path.join(folder, "refit-model.json"), encoding="utf-8") as file:
        declared = json.load(file)
    worker = module_at(os.path.join(os.path.dirname(os.path.abspath(__file__)), "refit_worker.py"))
    # The place of what lies beside the model: a worker's own first entry is its script's folder.
    sys.path.insert(0, folder)
    settings = {
        "folder": folder,
        "loader": declared["loader"],
        "path": declared["path"],
        "sklearn": None,
        "task": signature["task"],
        "features": signature["inputs"],
        "classes": signature["classes"],
        "labels": labels_of(folder) if signature["task"] == "classification" else None,
        "strange": False,
    }
    return Asked(worker.Model(settings), signature)


class Asked:
    def __init__(self, model, signature):
        self.model = model
        self.inputs = signature["inputs"]
        self.width = len(signature["classes"])

    def predict(self, rows, columns):
        """Numbers, or the probabilities of rows × classes."""
        texts = [columns[name] for name in self.named("category")]
        numbers = numpy.array([[float("nan") if value is None else value for value in columns[name]] for name in self.named("number")], dtype="<f8")
        booleans = bytes(MISSING_BOOLEAN if value is None else int(value) for name in self.named("boolean") for value in columns[name])
        found = numpy.frombuffer(self.model.answer(rows, texts, memoryview(numbers.tobytes() + booleans)), dtype="<f8")
        return found.reshape(rows, self.width) if self.width > 0 else found

    def named(self, kind):
        return [column["name"] for column in self.inputs if column["type"] == kind]


def labels_of(folder):
    path = os.path.join(folder, "classes.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def module_at(path):
    spec = importlib.util.spec_from_file_location("refit_worker", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
