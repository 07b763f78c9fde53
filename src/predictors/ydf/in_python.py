"""A model of Yggdrasil, asked in Python as Refit's endpoint asks it. Needs the package ydf."""

import os
import re
import tempfile
import zipfile

import numpy
import ydf

MODEL_FILE = "model.ydf.zip"


def open_model(folder, signature):
    with tempfile.TemporaryDirectory() as unpacked:
        with zipfile.ZipFile(os.path.join(folder, MODEL_FILE)) as file:
            file.extractall(unpacked)
        return Forest(ydf.load_model(unpacked), signature)


class Forest:
    def __init__(self, model, signature):
        self.model = model
        self.inputs = signature["inputs"]
        self.classes = len(signature["classes"])
        features = [(feature.name, feature.semantic.name) for feature in model.input_features()]
        # What Refit trains knows features by their place, any other model by their names.
        if all(re.fullmatch(r"f\d+", name) for name, _ in features):
            self.features = [(name, self.inputs[int(name[1:])]["name"], encoder(self.inputs[int(name[1:])]["type"])) for name, _ in features]
        else:
            self.features = [(name, name, plain_text if semantic == "CATEGORICAL" else number) for name, semantic in features]

    def predict(self, rows, columns):
        """Numbers, or the probabilities of rows × classes."""
        examples = {name: encode(columns[column]) for name, column, encode in self.features}
        found = numpy.asarray(self.model.predict(examples), dtype="float64")
        if self.classes == 2 and found.ndim == 1:
            return numpy.stack([1 - found, found], axis=1)
        return found


def encoder(kind):
    return encoded if kind == "category" else number


def number(values):
    """Booleans are 0 and 1, what is missing is NaN."""
    return numpy.array([float("nan") if value is None or isinstance(value, str) else float(value) for value in values], dtype="float64")


def encoded(values):
    """Categories as Refit's trainer writes them: a letter in front, a code for whatever is no letter or digit, a missing one for itself."""
    return numpy.array(["n" if value in (None, "") else "c" + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", str(value)) for value in values])


def plain_text(values):
    return numpy.array(["" if value is None else str(value) for value in values])
