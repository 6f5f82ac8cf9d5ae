"""Run fixtures and page examples under the installed TensorFlow and judge what they do.

    python tests/oracle/runner.py fixtures/TAP301 rules/TAP301-*.md

prints one line a program and exits with 1 if one of them does not do what it says. With TF_USE_LEGACY_KERAS=1, or
under a TensorFlow that comes with Keras 2, the `keras2` outcomes are judged.

All programs run in one worker process, because importing TensorFlow takes seconds. The worker is replaced when a
program hangs or brings it down, and a program that configures TensorFlow before it starts gets a worker of its own.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import io
import itertools
import json
import logging
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import traceback
import types
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.oracle.outcome import Happened, Leaf, flatten
from tests.oracle.programs import Program, ProgramError, files, programs, shown

TIMEOUT = 90.0
START_TIMEOUT = 600.0
_KEPT_VALUES = 1000
_CONFIGURES = (
    "set_logical_device_configuration",
    "set_virtual_device_configuration",
    "disable_eager_execution",
    "disable_v2_behavior",
    "disable_v2_tensorshape",
    "enable_numpy_behavior",
)


class OracleMissing(Exception):
    """TensorFlow can't be imported here. The message is the reason."""


class Oracle:
    """A worker process with TensorFlow in it.

    `tensorflow` and `keras` are its versions, `timeout` is what one program may take, in seconds.
    """

    def __init__(self, timeout: float = TIMEOUT, *, legacy_keras: bool | None = None) -> None:
        """Start the worker. `legacy_keras` sets or clears TF_USE_LEGACY_KERAS; None leaves it as it is.

        Raises `OracleMissing`.
        """
        self.timeout = timeout
        self._environment = dict(os.environ)
        # The programs are small: threads cost more than they bring, and a GPU would make the outcomes depend on it.
        self._environment.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="2", CUDA_VISIBLE_DEVICES="-1")
        self._environment["PYTHONHASHSEED"] = "0"
        self._environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if legacy_keras is not None:
            self._environment["TF_USE_LEGACY_KERAS"] = "1" if legacy_keras else "0"
        self._process: subprocess.Popen[str] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.tensorflow = self.keras = ""
        self._start()

    @property
    def generation(self) -> int:
        """2 or 3: which Keras the worker runs."""
        return 2 if self.keras.startswith("2") else 3

    def run(self, program: Program) -> Happened:
        """Run one program. A hang or a crash is an answer, not an exception."""
        configures = any(mark in program.text for mark in _CONFIGURES)
        if self._process is None or configures:
            self.close()
            self._start()
        assert self._process is not None and self._process.stdin is not None
        request = {
            "path": str(program.path.resolve() if program.folder else program.path),
            "text": program.text,
            "function": program.function,
            "page": bool(program.section),
            "project": str(program.folder) if program.folder else None,
            "configures": configures,
        }
        answer: dict[str, Any] | None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=self.timeout)
        except queue.Empty:
            self.close()
            return Happened(failed=f"does not end within {self.timeout:g} s")
        except OSError:
            answer = None
        if answer is None:
            code = self._process.wait()
            self.close()
            return Happened(failed=f"brings Python down (exit code {code})")
        if configures or answer.pop("spoiled"):
            self.close()
        answer.pop("spoiled", None)
        leaves = tuple(_leaf(each) for each in answer.pop("leaves"))
        return Happened(leaves=leaves, raised=tuple(answer.pop("raised")), **answer)

    def close(self) -> None:
        """End the worker. `run` starts another one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._answers = queue.Queue()
        # AutoGraph writes a file for each function that it converts, and leaves it behind when the worker is ended.
        self._scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**self._environment, "TMPDIR": self._scratch.name},
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        try:
            hello = self._answers.get(timeout=START_TIMEOUT)
        except queue.Empty:
            hello = None
        if hello is None or "missing" in hello:
            self.close()
            raise OracleMissing((hello or {}).get("missing", "the worker did not start"))
        self.tensorflow, self.keras = hello["tensorflow"], hello["keras"]


def _listen(stream: IO[str], answers: queue.Queue[dict[str, Any] | None]) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            answers.put(json.loads(line))
    answers.put(None)


def _leaf(sent: Any) -> Leaf | str | None:
    if not isinstance(sent, dict):
        return sent  # type: ignore[no-any-return]
    values = tuple(complex(each) if isinstance(each, str) else float(each) for each in sent["values"])
    return Leaf(values, sent["size"], sent["zero"], sent["finite"])


# What follows runs in the worker.


def _work() -> None:
    """Answer one line of JSON a request, on a stream that the programs can't write to."""
    if hasattr(os, "nice"):
        os.nice(10)  # other tests run meanwhile, and some of them measure time
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(log.fileno(), 2)
    try:
        import tensorflow as tf

        # `tf.keras` of Keras 2 doesn't know its own version; the package that it comes from does.
        keras = importlib.import_module(tf.keras.Model.__module__.partition(".")[0])
        hello = {"tensorflow": tf.__version__, "keras": keras.__version__}
    except Exception as error:
        hello = {"missing": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(hello) + "\n")
    answers.flush()
    if "missing" in hello:
        return
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            request = json.loads(line)
            number = next(numbers)
            if number == 0 and not request["configures"]:
                _warm_up()
            if request["page"]:
                # A real file: tf.function reads the source of what it traces.
                file = Path(folder, f"page_{number}.py")
                file.write_text(request["text"], encoding="utf-8")
                request["path"] = str(file)
            os.ftruncate(log.fileno(), 0)
            os.lseek(log.fileno(), 0, os.SEEK_SET)
            answer: dict[str, Any] = {}
            # A thread for each program: a tape that it leaves open stays on that thread's stack of tapes.
            thread = threading.Thread(target=_run, args=(request, answer), daemon=True)
            thread.start()
            thread.join()
            sys.stderr.flush()
            os.lseek(log.fileno(), 0, os.SEEK_SET)
            answer["log"] += log.read().decode("utf-8", "replace")[-20_000:]
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
            if answer["spoiled"]:
                return


def _warm_up() -> None:
    """Do once what would otherwise cost every program time."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    # Keras and `tf.random.set_seed` have TensorFlow forget the kernels that it made, so each program would make them
    # again: two thirds of the time of a run. What the programs can notice of kept kernels is random numbers: `_seed`.
    context.context().ensure_initialized()
    context.context().clear_kernel_cache = lambda: None
    tf.keras.Sequential([tf.keras.layers.Dense(1)])(tf.ones([1, 1]))
    _reset("")


def _run(request: dict[str, Any], answer: dict[str, Any]) -> None:
    """Run one program in a fresh module and put what happened into `answer`."""
    import tensorflow as tf

    _reset(f"{request['function']} {request['text']}")
    path = request["path"]
    name = "__main__" if request["function"] is None else f"program_{id(answer)}"
    module = types.ModuleType(name)
    module.__file__ = path
    folder = Path(path).parent
    before, main = set(sys.modules), sys.modules["__main__"]
    place, searched = os.getcwd(), list(sys.path)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    if request["project"]:
        folder = Path(request["project"])
        sys.path[:1] = [str(folder), str(folder / "src")]
        os.chdir(folder)
    answer.update(leaves=[], raised=[], message="")
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    loggers = [logging.getLogger(each) for each in ("tensorflow", "absl")]
    for logger in loggers:
        logger.addHandler(handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = _value(module, request["text"], path, request["function"])
            answer["leaves"] = [_describe(leaf) for leaf in flatten(value)]
        except SystemExit as error:
            answer["leaves"] = []
            if error.code not in (None, 0):
                answer.update(raised=["SystemExit"], message=str(error.code))
        except BaseException as error:
            bases = [each.__name__ for each in type(error).__mro__]
            raised = [each for each in bases if each not in ("Exception", "BaseException", "object")]
            said = str(error) or "".join(traceback.format_exception_only(error))
            answer.update(raised=raised or bases[:1], message=said)
    for logger in loggers:
        logger.removeHandler(handler)
    warned = [f"{each.category.__name__}: {each.message}" for each in caught]
    answer["log"] = "\n".join([*warned, lines.getvalue()])
    answer["spoiled"] = not tf.executing_eagerly()
    os.chdir(place)
    sys.path[:] = searched
    sys.modules["__main__"] = main
    for each in set(sys.modules) - before:
        if sys.modules[each] is module or _lies_in(folder, sys.modules[each], bool(request["project"])):
            del sys.modules[each]


def _lies_in(folder: Path, module: types.ModuleType, deep: bool) -> bool:
    """Whether a module comes from the folder, or (`deep`) from anywhere below it."""
    # A namespace package has no file, only the folders that it spans.
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    if not isinstance(file, str):
        return False
    return folder in Path(file).parents if deep else Path(file).parent == folder


def _reset(program: str) -> None:
    """Bring TensorFlow back to where a new process would start, with random numbers that only this program gets."""
    import tensorflow as tf
    from absl import logging as absl_logging
    from tensorflow.python.platform import tf_logging

    tf.keras.backend.clear_session()
    tf.config.run_functions_eagerly(False)
    tf.keras.mixed_precision.set_global_policy("float32")
    tf.keras.backend.set_floatx("float32")
    tf.keras.backend.set_image_data_format("channels_last")
    tf.debugging.disable_check_numerics()
    # Lines that are logged only the first few times must be logged for every program.
    for module in (tf_logging, absl_logging):
        getattr(module, "_log_counter_per_token", {}).clear()
    _seed(zlib.crc32(program.encode()))
    gc.collect()
    gc.freeze()  # what is left now stays: TensorFlow's own, which need not be looked at after the next program


def _seed(seed: int) -> None:
    """Begin the random numbers of Python, NumPy and TensorFlow.

    A kernel goes on with its random numbers where it stopped, so two programs must not begin with the same seed unless
    TensorFlow forgets its kernels between them, as in `tf.random.set_seed`. This does the rest of that function.
    """
    import numpy as np
    from tensorflow.python.eager import context

    random.seed(seed)
    np.random.seed(seed)
    context.context()._seed = seed
    context.context()._rng = random.Random(seed)


def _value(module: types.ModuleType, text: str, path: str, function: str | None) -> Any:
    tree = ast.parse(text, path)
    if function is None:
        _keep_last(tree)
    exec(compile(tree, path, "exec"), vars(module))
    return vars(module)[function]() if function else vars(module).get("__judged__")


def _keep_last(tree: ast.Module) -> None:
    """Make the module keep the value of its last top-level assignment or expression as `__judged__`."""
    for at in reversed(range(len(tree.body))):
        node = tree.body[at]
        value: ast.expr
        if isinstance(node, ast.Assign):
            node.targets.insert(0, ast.copy_location(ast.Name("__judged__", ast.Store()), node))
            return
        if isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            value = ast.parse(ast.unparse(node.target), mode="eval").body
            at += 1
        elif isinstance(node, ast.Expr):
            value = node.value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
                # Every print returns None: what counts is what is shown.
                value = ast.Tuple([each for each in value.args if not _is_text(each)], ast.Load())
            del tree.body[at]
        else:
            continue
        keep = ast.Assign([ast.Name("__judged__", ast.Store())], value)
        ast.copy_location(keep, node)
        tree.body.insert(at, ast.fix_missing_locations(keep))
        return


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _describe(value: Any) -> Any:
    import numpy as np
    import tensorflow as tf

    if value is None:
        return None
    try:
        if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)):
            value = value.values
        array = np.asarray(tf.convert_to_tensor(value))
        if array.dtype.kind not in "fiubc":
            array = array.astype(np.float64)  # bfloat16 and the like
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64).ravel()
    except Exception:
        return f"{type(value).__name__} {value!r:.100}"
    head = array[:_KEPT_VALUES]
    values = [str(complex(each)) if array.dtype.kind == "c" else float(each) for each in head]
    return {
        "values": values,
        "size": int(array.size),
        "zero": not array.any(),
        "finite": bool(np.isfinite(array).all()),
    }


def _judged(oracle: Oracle, paths: list[Path]) -> Iterator[tuple[str, str]]:
    """A word (`ok`, `skip`, `WRONG`) and a line for each program."""
    for file in files(paths):
        try:
            found = list(programs([file]))
        except (ProgramError, OSError) as error:
            yield "WRONG", str(error)
            continue
        if not found and file.suffix == ".py":
            yield "WRONG", f"{shown(file)}: no `# tf:` comment, so nothing runs"
        for program in found:
            expected = program.expected(oracle.generation)
            if expected is None:
                yield "skip", f"{program.name}: not for Keras 2"
                continue
            happened = oracle.run(program)
            if expected.holds(happened):
                yield "ok", f"{program.name}: {expected}"
                continue
            line = f"{program.name}: expected {expected}, got {happened}"
            if expected.kind == "warns" and not happened.raised:
                line += f"; said {happened.log.strip()[-600:] or 'nothing'}"
            yield "WRONG", line


def main() -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Run fixtures and page examples under the installed TensorFlow.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="fixtures, pages or folders of them")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds for one program (default %(default)g)")
    parser.add_argument("--quiet", action="store_true", help="print only the programs that are wrong, and the counts")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _work()
        # Threads of programs that still run must not keep the process alive.
        os._exit(0)
    if not options.paths:
        parser.error("name at least one file or folder")
    missing = [str(path) for path in options.paths if not path.exists()]
    if missing:
        parser.error(f"no such file or folder: {', '.join(missing)}")
    counts = {"ok": 0, "skip": 0, "WRONG": 0}
    try:
        with Oracle(options.timeout) as oracle:
            print(f"TensorFlow {oracle.tensorflow}, Keras {oracle.keras}", flush=True)
            for word, line in _judged(oracle, options.paths):
                counts[word] += 1
                if word == "WRONG" or not options.quiet:
                    print(f"{word:5} {line}", flush=True)
    except OracleMissing as error:
        print(f"TensorFlow is not here: {error}", file=sys.stderr)
        return 2
    print(f"{counts['ok']} ok, {counts['WRONG']} wrong, {counts['skip']} skipped")
    return 1 if counts["WRONG"] or not counts["ok"] + counts["skip"] else 0


if __name__ == "__main__":
    sys.exit(main())
