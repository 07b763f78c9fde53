"""pytest plugin: points MLflow's own test suites at a server that runs as a program, the genuine one or ours; README.md says how.

Every test gets a fresh server (the suites use fixed names and expect the experiment Default alone). The upstream files stay unedited.
"""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import types
import urllib.error
import urllib.parse
import urllib.request


@contextlib.contextmanager
def external(port):
    """Starts SERVER_COMMAND on a port with an empty state folder, gives its URL, and ends it."""
    with tempfile.TemporaryDirectory() as state:
        command = os.environ["SERVER_COMMAND"].format(port=port, dir=state)
        with open(os.path.join(state, "server.log"), "wb") as log:
            process = subprocess.Popen(shlex.split(command), stdout=log, stderr=log, start_new_session=True)
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(1200):
                if process.poll() is not None:
                    raise RuntimeError("the server has exited: " + pathlib.Path(state, "server.log").read_text()[-2000:])
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(url + "/health", timeout=1)
                    break
                time.sleep(0.05)
            else:
                raise RuntimeError("the server is not healthy after a minute")
            yield url
        finally:
            # The genuine one leaves its children where it alone is asked to end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class ExternalThread:
    """Stands in for upstream's ServerThread(app, port)."""

    def __init__(self, app, port):
        self._context = external(port)

    def __enter__(self):
        import mlflow

        url = self._context.__enter__()
        # Upstream the database that the client falls back on is the server's own.
        mlflow.set_tracking_uri(url)
        return url

    def __exit__(self, *exception):
        return self._context.__exit__(*exception)


_open = []


def _like_sql(store):
    """The differences between upstream's two stores that are none of the server's: defaults, and what a wire cannot tell apart."""
    search, create = getattr(store, "search_experiments", None), getattr(store, "create_run", None)
    if search:
        store.search_experiments = lambda *args, **named: search(*args, **{"max_results": 1000, **named})
        history = store.get_metric_history
        store.get_metric_history = lambda *args, **named: history(*args, **{"max_results": 25000, **named})
        store.create_run = lambda *args, **named: create(*args, **{**named, "tags": named.get("tags") or []})
        return store
    for name in [name for name in dir(type(store)) if not name.startswith("_")]:
        setattr(store, name, _without_wire(getattr(store, name)))
    return store


# The registry takes no path of its own disk over the wire; the suite names relative ones.
REMOTE = "s3://upstream/"


def _without_wire(method):
    def call(*args, **named):
        named = {name: int(value) if isinstance(value, float) else value for name, value in named.items()}
        if method.__name__ == "create_model_version":
            name, source, *rest = args
            args = (name, REMOTE + source, *rest)
        if method.__name__ == "search_model_versions" and args and args[0]:
            args = (args[0].replace("source_path = '", f"source_path = '{REMOTE}"), *args[1:])
        return _entity(method(*args, **named))

    return call


def _entity(value):
    if isinstance(value, str):
        return value.removeprefix(REMOTE)
    if isinstance(value, list):
        value[:] = [_entity(each) for each in value]
        if getattr(value, "token", None) == "":
            value.token = None
    if hasattr(value, "_description"):
        value._description = value._description or None
    if hasattr(value, "_source"):
        value._source, value._version = value._source.removeprefix(REMOTE), int(value._version)
    if hasattr(value, "_latest_version"):
        _entity(value._latest_version)
        value._aliases = {alias: int(version) for alias, version in value._aliases.items()}
    return value


def _rest_store(kind):
    """Stands in for upstream's SqlAlchemyStore: a client of a fresh server."""
    from mlflow.utils.rest_utils import MlflowHostCreds
    from tests.helper_functions import get_safe_port

    if kind == "tracking":
        from mlflow.store.tracking.rest_store import RestStore as Base
    else:
        from mlflow.store.model_registry.rest_store import RestStore as Base

    def make(uri, *args, **kwargs):
        # Upstream copies the database that it believes to be made here.
        pathlib.Path(uri.removeprefix("sqlite:///")).touch()
        context = external(get_safe_port())
        url = context.__enter__()
        _open.append(context)
        store = _like_sql(Base(lambda: MlflowHostCreds(url)))
        store.engine = types.SimpleNamespace(dispose=lambda: None)
        store._dispose_engine = store.engine.dispose
        return store

    return make


class ArtifactsServer:
    """Stands in for the process of upstream's _launch_server; artifacts lie in its state, whatever folder was asked for."""

    def __init__(self, port):
        self._context = external(port)
        self.url = self._context.__enter__()

    def kill(self):
        self._context.__exit__(None, None, None)


def _look_at_artifacts_by_http(module):
    """What the suite looks for in the server's folder is asked of the server: how it keeps files is its own affair."""
    launched = []

    def launch(host, port, backend_store_uri, default_artifact_root, artifacts_destination):
        server = ArtifactsServer(port)
        launched[:] = [(server, artifacts_destination)]
        return server

    def read(path):
        server, destination = launched[0]
        if not str(path).startswith(destination):
            return pathlib.Path(path).read_text()
        inside = urllib.parse.quote(os.path.relpath(path, destination))
        return urllib.request.urlopen(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{inside}").read().decode()

    def exists(path):
        try:
            read(path)
        except (urllib.error.HTTPError, FileNotFoundError):
            return False
        return True

    path = types.SimpleNamespace(**{**vars(os.path), "exists": exists})
    module.os = types.SimpleNamespace(**{**vars(os), "path": path})
    module._launch_server, module.read_file = launch, read


def _signature_of(folder):
    """What a project's definition would say of a saved model: its inputs, and the classes that it knows."""
    import mlflow

    loaded = mlflow.pyfunc.load_model(folder)
    model = getattr(getattr(loaded, "_model_impl", None), "sklearn_model", None)
    schema = loaded.metadata.get_input_schema()
    kinds = {"string": "category", "boolean": "boolean"}
    if schema is not None and schema.has_input_names():
        inputs = [{"name": column.name, "type": kinds.get(str(column.type).split(".")[-1], "number"), "optional": not column.required} for column in schema]
    else:
        inputs = [{"name": str(place), "type": "number", "optional": False} for place in range(getattr(model, "n_features_in_", 1))]
    classes = [str(label) for label in getattr(model, "classes_", [])]
    return {"task": "classification" if classes else "regression", "inputs": inputs, "target": "target", "classes": classes}


def _score(model_uri, data, content_type):
    """Stands in for upstream's score_model_in_process: our endpoint, which serves the folder."""
    import mlflow
    import pandas
    import requests

    folder = mlflow.artifacts.download_artifacts(model_uri)
    command = [*shlex.split(os.environ["SCORING_COMMAND"]), folder, json.dumps(_signature_of(folder))]
    if isinstance(data, pandas.DataFrame):
        data = json.dumps({"dataframe_split": data.to_dict(orient="split")})
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "REFIT_PYTHON": sys.executable}) as process:
        try:
            url = process.stdout.readline().strip()
            if not url:
                log.seek(0)
                raise RuntimeError("it does not serve: " + log.read().decode()[-2000:])
            return requests.post(url + "/invocations", data=data, headers={"Content-Type": content_type})
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _stub_keras():
    """The suite imports it, for tests that are not in the list."""
    names = ["keras", "tensorflow", "tensorflow.keras", "tensorflow.keras.layers", "tensorflow.keras.models", "tensorflow.keras.optimizers"]
    for name in names:
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["keras"].__version__ = "3.0.0"
    for layers in ("Concatenate", "Dense", "Input"):
        setattr(sys.modules["tensorflow.keras.layers"], layers, None)
    sys.modules["tensorflow.keras.models"].Model = sys.modules["tensorflow.keras.optimizers"].SGD = None


def pytest_collectstart(collector):
    if collector.name.endswith("test_scoring_server.py"):
        _stub_keras()


def pytest_configure(config):
    import mlflow.server.handlers as handlers
    import tests.tracking.integration_test_utils as integration

    integration.ServerThread = ExternalThread
    handlers.initialize_backend_stores = lambda *args, **kwargs: None


def pytest_runtest_logfinish():
    while _open:
        _open.pop().__exit__(None, None, None)


def pytest_collection_modifyitems(config, items):
    import cloudpickle

    # Tests come once for each store of a genuine server; ours has one.
    doubled = [item for item in items if "[file" in item.nodeid]
    items[:] = [item for item in items if item not in doubled]
    config.hook.pytest_deselected(items=doubled)
    for module in {item.module for item in items}:
        if module.__name__.endswith("test_mlflow_artifacts"):
            _look_at_artifacts_by_http(module)
        if module.__name__.endswith("test_scoring_server") and "SCORING_COMMAND" in os.environ:
            module.score_model_in_process = _score
            # Models are of classes of the suite, which the process that serves them has not.
            cloudpickle.register_pickle_by_value(module)
        if module.__name__.endswith("store.model_registry.test_sqlalchemy_store"):
            module.SqlAlchemyStore = _rest_store("registry")
    conftest = sys.modules.get("tests.store.tracking.conftest")
    if conftest:
        conftest.SqlAlchemyStore = _rest_store("tracking")
