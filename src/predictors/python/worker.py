"""Answers for one Python model; started by Refit with a socket as file descriptor 3, and ended with it.

Every message on the socket is four bytes of length of the rest, four of the length of the header, the header as JSON,
and numbers as they lie in memory, all little-endian. The first one says which model to load; each further one has rows.
Only the standard library is needed to start; what the model itself needs is imported when it is loaded.
"""

import array
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import struct
import sys
import traceback

SOCKET = 3
PR_SET_PDEATHSIG = 1
LONGEST_ERROR = 500
# What is worth knowing of the environment in which a model was made.
LIBRARIES = {
    "catboost": "catboost", "cloudpickle": "cloudpickle", "joblib": "joblib", "keras": "keras", "lightgbm": "lightgbm", "mlflow": "mlflow", "numpy": "numpy", "pandas": "pandas",
    "scipy": "scipy", "skops": "skops", "sklearn": "scikit-learn", "statsmodels": "statsmodels", "tensorflow": "tensorflow", "torch": "torch", "xgboost": "xgboost",
}


def main():
    end_with_parent()
    # What the model prints must not go astray, and a library may print to either.
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=SOCKET))
    first = channel.read()
    if first is None:
        return
    settings, _ = first
    try:
        model = Model(settings)
        if "joblib" in sys.modules:
            # One thread adds up in one order: the same rows give the same bits, and other models keep their processor.
            sys.modules["joblib"].parallel_config(backend="sequential")
    except BaseException as error:
        traceback.print_exc()
        channel.write({"failed": described(error), "library": missing_library(error), **environment()})
        return
    gc.collect()
    gc.freeze()
    channel.write({**environment(), **model.told()})
    while True:
        message = channel.read()
        if message is None:
            return
        header, payload = message
        try:
            values = model.answer(header["rows"], header["texts"], payload)
        except Exception as error:
            traceback.print_exc()
            channel.write({"error": described(error)})
        else:
            channel.write({}, values)


def end_with_parent():
    """A worker that hangs would outlive a Refit that was killed: it looks at its socket between two answers only."""
    parent = int(sys.argv[1])
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):
        pass  # Then the closed socket ends it.
    if os.getppid() != parent:
        os._exit(1)


class Channel:
    def __init__(self, connection):
        self.connection = connection
        self.reader = connection.makefile("rb", buffering=1 << 16)

    def read(self):
        """The next message as header and numbers; None at the end."""
        lengths = self.reader.read(8)
        if len(lengths) < 8:
            return None
        length, header_length = struct.unpack("<II", lengths)
        body = self.reader.read(length - 4)
        if len(body) < length - 4:
            return None
        return json.loads(body[:header_length]), memoryview(body)[header_length:]

    def write(self, header, payload=b""):
        encoded = json.dumps(header).encode()
        self.connection.sendall(struct.pack("<II", 4 + len(encoded) + len(payload), len(encoded)) + encoded + payload)


class Model:
    """The loaded model: what it takes, and how it is asked."""

    def __init__(self, settings):
        self.features = settings["features"]
        self.regression = settings["task"] == "regression"
        self.model = load(settings)
        known = [feature["name"] for feature in self.features]
        self.names, self.width = taken(self.model, known)
        if not settings["strange"]:
            self.require_columns(known)
        self.shape = self.shape_of_rows(known)
        self.labels = None if self.regression else labels_of(self.model, settings["labels"])
        if not self.regression and self.labels is None and not settings["strange"]:
            raise ValueError("a classification needs a model with predict_proba and classes_, or the labels in classes.json, in the order of what it answers")
        # Where of its own order each class of the signature stands.
        self.order = [self.labels.index(label) for label in settings["classes"]] if self.labels and settings["classes"] else None

    def require_columns(self, known):
        strange = [name for name in self.names or [] if name not in known]
        if strange:
            raise ValueError(f"it takes {', '.join(strange)}, which the definition does not have as a feature")
        if self.names is None and self.width is not None and self.width != len(known):
            raise ValueError(f"it takes rows of {self.width} values, and the definition has {len(known)} features")

    def told(self):
        return {"labels": self.labels, "names": self.names, "width": self.width}

    def shape_of_rows(self, known):
        if self.names is not None and all(name in known for name in self.names):
            return self.frame_of(self.names)
        if self.width is not None:
            return self.matrix
        if importable("pandas"):
            return self.frame_of(known)
        return self.objects

    def frame_of(self, names):
        import pandas

        # As pandas reads the training set: missing text is None or NaN, by its version.
        text = pandas.Series([""]).dtype
        dtypes = {"number": "float64", "category": text, "boolean": "bool"}

        def frame(rows, columns):
            return pandas.DataFrame({name: pandas.Series(columns[name][1], dtype=object if columns[name][0] == "boolean?" else dtypes[columns[name][0]]) for name in names}, index=pandas.RangeIndex(rows))

        return frame

    def matrix(self, rows, columns):
        import numpy

        if all(kind != "category" for kind, _ in columns.values()):
            matrix = numpy.empty((rows, len(columns)), dtype="float64")
        else:
            matrix = numpy.empty((rows, len(columns)), dtype=object)
        for index, (_, values) in enumerate(columns.values()):
            matrix[:, index] = values
        return matrix

    def objects(self, rows, columns):
        return [{name: plain(values[row]) for name, (_, values) in columns.items()} for row in range(rows)]

    def answer(self, rows, texts, payload):
        asked = self.shape(rows, columns_of(self.features, rows, texts, payload))
        if self.regression:
            return numbers_of(self.model.predict(asked), rows, 1)
        if hasattr(self.model, "predict_proba"):
            return self.ordered(self.model.predict_proba(asked), rows)
        return self.ordered(self.model.predict(asked), rows)

    def ordered(self, values, rows):
        """Probabilities in the order of the signature's classes."""
        columns = [label_text(column) for column in values.columns] if hasattr(values, "columns") else None
        if columns is not None and sorted(columns) == sorted(self.labels):
            values = values.iloc[:, [columns.index(label) for label in self.labels]]
        if len(self.labels) == 2 and getattr(values, "ndim", 2) == 1:
            # The probability of the second class alone, as boosters answer.
            import numpy

            second = numpy.asarray(values, dtype="float64")
            values = numpy.stack([1 - second, second], axis=1)
        width = len(self.labels)
        found = numbers_of(values, rows, width)
        if self.order is None or self.order == list(range(width)):
            return found
        flat = array.array("d", found)
        return array.array("d", (flat[row * width + at] for row in range(rows) for at in self.order)).tobytes()


def columns_of(features, rows, texts, payload):
    """Each column by name, as its kind and values. Numbers lie first, then a byte for each boolean; texts are in the header."""
    numeric = sum(feature["type"] == "number" for feature in features)
    numbers = payload[: numeric * rows * 8].cast("d") if numeric * rows > 0 else payload[:0]
    booleans = payload[numeric * rows * 8 :]
    numpy = sys.modules.get("numpy")
    if numpy is not None and numeric * rows > 0:
        numbers = numpy.frombuffer(numbers, dtype="float64")
    columns, number, boolean, text = {}, 0, 0, 0
    for feature in features:
        kind = feature["type"]
        if kind == "number":
            values = numbers[number * rows : (number + 1) * rows]
            number += 1
        elif kind == "boolean":
            values = [(False, True, None)[value] for value in booleans[boolean * rows : (boolean + 1) * rows]]
            boolean += 1
            # One that may be missing is an object column whatever the rows are: its type does not depend on who asks along.
            kind = "boolean?" if feature["optional"] else "boolean"
        else:
            values = texts[text]
            text += 1
        columns[feature["name"]] = (kind, values)
    return columns


def plain(value):
    return None if isinstance(value, float) and value != value else value


def numbers_of(values, rows, width):
    """The bytes of rows × width numbers."""
    if importable("numpy"):
        import numpy

        found = numpy.ascontiguousarray(values, dtype="<f8")
        count = found.size
    else:
        found = array.array("d", (number for value in values for number in (value if isinstance(value, (list, tuple)) else (value,))))
        count = len(found)
    if count != rows * width:
        raise ValueError(f"it answered {count} values for {rows} rows" + ("" if width == 1 else f" of {width} classes"))
    return found.tobytes()


def load(settings):
    folder, path, loader = settings["folder"], os.path.join(settings["folder"], settings["path"]), settings["loader"]
    # Modules that lie beside the model are part of it.
    sys.path[0] = path if os.path.isdir(path) else os.path.dirname(path)
    if loader == "mlflow":
        return load_mlflow(path, settings["sklearn"])
    if loader == "python":
        return runpy.run_path(path)["load"](folder)
    if loader == "joblib":
        return importlib.import_module("joblib").load(path)
    return unpickled(path)


def unpickled(path):
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file)


def load_mlflow(folder, sklearn):
    # A model of scikit-learn needs no MLflow, which takes a second or two to import.
    if sklearn is not None and sklearn["format"] in ("pickle", "cloudpickle"):
        return unpickled(os.path.join(folder, sklearn["path"]))
    if sklearn is not None and sklearn["format"] == "skops":
        return importlib.import_module("skops.io").load(os.path.join(folder, sklearn["path"]), trusted=sklearn["trusted"])
    # A skinny MLflow has it too.
    model = importlib.import_module("mlflow.pyfunc").load_model(folder)
    try:
        raw = model.get_raw_model()
    except (NotImplementedError, AttributeError):
        raw = None  # Of no library that MLflow knows.
    return raw if hasattr(raw, "predict_proba") or hasattr(raw, "get_params") else WithSchema(model)


class WithSchema:
    """A model that MLflow itself asks: it insists on the types of its signature."""

    WHOLE = {"long": "int64", "integer": "int32", "float": "float32"}

    def __init__(self, model):
        self.model = model
        schema = model.metadata.get_input_schema()
        named = schema is not None and not schema.is_tensor_spec() and schema.has_input_names()
        self.types = {column.name: column.type.name for column in schema.inputs if hasattr(column.type, "name")} if named else {}
        if named:
            self.feature_names_in_ = schema.input_names()

    def predict(self, frame):
        for name, kind in self.types.items():
            # A whole number that is missing cannot be one; MLflow then says so.
            if kind in self.WHOLE and not frame[name].isna().any():
                frame[name] = frame[name].astype(self.WHOLE[kind])
        return self.model.predict(frame)


def taken(model, known):
    """The names of the columns that a model says it takes, in its order, and how many; None where it does not say."""
    names = told_by(model, "feature_names_in_")
    width = told_by(model, "n_features_in_")
    names = [str(name) for name in names] if names is not None else None
    if names is not None and type(model).__module__.startswith("lightgbm"):
        # It has names of its own for columns that had none, and puts _ for a space in those that had.
        if names == [f"Column_{index}" for index in range(len(names))]:
            return None, len(names)
        written = {name.replace(" ", "_"): name for name in known}
        names = [written.get(name, name) for name in names]
    return names, int(width) if width is not None else None


def labels_of(model, declared):
    if declared is not None:
        return declared
    classes = told_by(model, "classes_")
    return [label_text(label) for label in classes] if classes is not None else None


def told_by(model, name):
    # Some libraries raise errors of their own for what there is not.
    try:
        return getattr(model, name, None)
    except Exception:
        return None


def label_text(label):
    """A label as the text that the target has in our sets."""
    label = label.item() if hasattr(label, "item") else label
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)


def importable(name):
    if name in sys.modules:
        return True
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def environment():
    found = {name: str(getattr(sys.modules[module], "__version__", "")) for module, name in LIBRARIES.items() if module in sys.modules}
    return {"python": ".".join(str(part) for part in sys.version_info[:3]), "libraries": found}


def described(error):
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[:LONGEST_ERROR]


def missing_library(error):
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    module = error.name.split(".")[0]
    return LIBRARIES.get(module, module)


if __name__ == "__main__":
    main()
    # Threads and handlers of the model must not keep it.
    sys.stderr.flush()
    os._exit(0)
