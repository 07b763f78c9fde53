"""An ONNX model, asked in Python as Refit's endpoint asks it. Needs the package onnxruntime."""

import math
import os

import numpy
import onnxruntime

MODEL_FILE = "model.onnx"


def open_model(folder, signature):
    return Session(onnxruntime.InferenceSession(os.path.join(folder, MODEL_FILE), providers=["CPUExecutionProvider"]), signature)


class Session:
    def __init__(self, session, signature):
        self.session = session
        self.names = [column["name"] for column in signature["inputs"]]
        self.width = max(1, len(signature["classes"]))
        self.regression = signature["task"] == "regression"
        self.tensors = session.get_inputs()
        # All features as one matrix, instead of one input for each column by its name.
        self.matrix = len(self.tensors) == 1 and self.tensors[0].name not in self.names
        self.outputs = [output.name for output in session.get_outputs() if output.type.startswith("tensor(")]

    def predict(self, rows, columns):
        """Numbers, or the probabilities of rows × classes."""
        for found in self.session.run(self.outputs, self.feeds(rows, columns)):
            if found.dtype in (numpy.float32, numpy.float64) and found.size == rows * self.width:
                values = found.astype("float64").reshape(rows, self.width)
                return values[:, 0] if self.regression else values
        raise ValueError(f"it has no float output of {rows} × {self.width} values")

    def feeds(self, rows, columns):
        if self.matrix:
            matrix = numpy.empty((rows, len(self.names)), dtype="float32")
            for index, name in enumerate(self.names):
                matrix[:, index] = [number(value) for value in columns[name]]
            return {self.tensors[0].name: matrix}
        return {tensor.name: tensor_of(tensor.type, columns[tensor.name]).reshape(rows, 1) for tensor in self.tensors}


def tensor_of(kind, values):
    if kind == "tensor(string)":
        return numpy.array(["" if value is None else str(value) for value in values], dtype=object)
    if kind == "tensor(int64)":
        return numpy.array([0 if math.isnan(found) else math.floor(found + 0.5) for found in map(number, values)], dtype="int64")
    return numpy.array([number(value) for value in values], dtype="float64" if kind == "tensor(double)" else "float32")


def number(value):
    return float("nan") if value is None or isinstance(value, str) else float(value)
