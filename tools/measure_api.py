"""Measure what TensorFlow's public functions do to a gradient, and write or check the tables of tapelint.

    python tools/measure_api.py --check                 compare the installed TensorFlow with the tables
    python tools/measure_api.py --check --only tensorflow.nn,keras.ops
    python tools/measure_api.py --write                 write the tables anew
    python tools/measure_api.py --uncovered             list the functions for which no arguments are known

It needs TensorFlow, and nothing of tapelint. `docs/api-knowledge.md` says what the columns mean.
"""

from __future__ import annotations

import argparse
import inspect
import logging
import os
import random
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
TABLES = TOOLS.parent / "tapelint" / "tensorflow"
sys.path.insert(0, str(TOOLS))

import classes  # noqa: E402
import outside  # noqa: E402
import probe  # noqa: E402
import raw_ops  # noqa: E402
import recipes  # noqa: E402
import symbols  # noqa: E402

OPS_HEADER = ("symbol", "effect", "result", "carries", "params", "outputs", "op", "cuts", "cases", "keras")
ALIASES_HEADER = ("alias", "symbol")

#: The modules whose functions are measured.
MODULES = {
    "keras.activations",
    "keras.backend",
    "keras.layers",
    "keras.losses",
    "keras.metrics",
    "keras.ops",
    "keras.ops.image",
    "keras.random",
    "tensorflow",
    "tensorflow.audio",
    "tensorflow.bitwise",
    "tensorflow.debugging",
    "tensorflow.dtypes",
    "tensorflow.experimental.numpy",
    "tensorflow.image",
    "tensorflow.io",
    "tensorflow.linalg",
    "tensorflow.linalg.experimental",
    "tensorflow.math",
    "tensorflow.math.special",
    "tensorflow.nn",
    "tensorflow.nn.experimental",
    "tensorflow.quantization",
    "tensorflow.ragged",
    "tensorflow.random",
    "tensorflow.random.experimental",
    "tensorflow.sets",
    "tensorflow.signal",
    "tensorflow.sparse",
    "tensorflow.strings",
    "tensorflow.summary",
}
SINGLE_FUNCTIONS = {"keras.utils.to_categorical", "keras.utils.normalize"}

#: Subtrees that are Keras's by a prefix rule of tapelint.tensorflow.api.
MIRRORED = tuple(f"tensorflow.{name}." for name in ("initializers", "losses", "metrics", "optimizers"))

DTYPES = ("float", "int", "bool", "string", "complex")

#: Python objects for which "the gradient ends here" is the whole truth. Functions, contexts and variables are not.
PLAIN_TYPES = {
    "DType",
    "NoneType",
    "TensorShape",
    "bool",
    "dict",
    "float",
    "int",
    "list",
    "ndarray",
    "str",
    "tuple",
}


def is_measured(symbol: str, value: Any) -> bool:
    """Whether this symbol is a function that belongs in the table."""
    if inspect.isclass(value) or not recipes.is_called(symbol):
        return False
    home = symbol.replace("tensorflow.compat.v1", "tensorflow", 1).rpartition(".")[0]
    return home in MODULES or symbol in SINGLE_FUNCTIONS


def parameter_names(seen: probe.Observation) -> str:
    return ",".join(seen.parameters)


def placed(name: str, seen: probe.Observation) -> str:
    """`name@position`, or the bare name of a variadic or keyword-only parameter."""
    if name in seen.parameters:
        return name if name.startswith("*") else f"{name}@{seen.parameters.index(name)}"
    return name


def result_of(seen: probe.Observation) -> str:
    """dtype class of the first result, from what float, int and complex arguments gave."""
    first = seen.outputs[0].dtype
    kind = first
    if any(seen.outputs[0].per_parameter):
        if first == "float":
            with_int, with_complex = seen.kinds["int"], seen.kinds["complex"]
            same = with_int == "int" or (with_int == "error" and with_complex == "complex")
            kind = same_as(seen) if same else "float"
        elif first == "complex" and seen.kinds["float"] == "complex" and not takes_floats(seen):
            kind = same_as(seen)
    return f"dtype:{seen.followed}|{kind}" if seen.followed else kind


def same_as(seen: probe.Observation) -> str:
    """`same`, `same:PARAMETER` when it is not the first one that decides, or `widest` when a float wins over an int."""
    sources = list(seen.outputs[0].per_parameter)
    if len(sources) > 1 and seen.kinds["int"] == "int" and seen.kinds["mixed"] == "float":
        return "widest"
    first = next((name.lstrip("*=") for name in seen.parameters), "")
    return "same" if sources[0].lstrip("*") == first else f"same:{sources[0].lstrip('*')}"


def takes_floats(seen: probe.Observation) -> bool:
    """Whether the recipe has a float argument at all (the complex ones stay complex whatever is asked)."""
    return seen.kinds["int"] != seen.kinds["float"] or seen.kinds["complex"] != seen.kinds["float"]


def outputs_of(seen: probe.Observation, effects: list[str], result: str) -> str:
    """`1`, `list`, `dict`, or the number of results with the effect and dtype of each where they differ."""
    if not seen.shape.isdigit() or seen.shape == "1":
        return seen.shape
    named = any(output.name for output in seen.outputs)
    nested = any(output.is_list for output in seen.outputs)
    if not named and not nested and len(set(effects)) == 1 and len({output.dtype for output in seen.outputs}) == 1:
        return seen.shape
    first = seen.outputs[0].dtype
    parts = []
    for output, effect in zip(seen.outputs, effects, strict=True):
        dtype = result if output.dtype == first else output.dtype
        star = "*" if output.is_list else ""
        parts.append(f"{output.name}={star}{effect}/{dtype}" if output.name else f"{star}{effect}/{dtype}")
    return f"{seen.shape}:{','.join(parts)}"


def row_of(symbol: str, seen: probe.Observation) -> tuple[str, ...] | None:
    """The table's row for one observation; None where nothing certain was seen."""
    params = parameter_names(seen)
    if seen.shape == "failed" or any(output.dtype not in DTYPES for output in seen.outputs):
        return None
    if seen.shape in ("python", "nothing"):
        if seen.python_type not in PLAIN_TYPES and seen.shape == "python":
            return None
        kind = "nothing" if seen.shape == "nothing" else seen.python_type
        return (symbol, "python", kind, "", params, "1", "", "", "")
    if not seen.outputs:
        return None
    order = ("differentiable", "lookup_error", "zero", "none", "constant")
    drop_accidental_zeros(symbol, seen)
    if not all(output.per_parameter or not seen.given_floats for output in seen.outputs):
        return None
    effects = [probe.effect_of(output.per_parameter, seen.given_tensors) for output in seen.outputs]
    effect = min(effects, key=order.index)
    best: dict[str, str] = {}
    for output in seen.outputs:
        for name, found in output.per_parameter.items():
            best[name] = probe.better(best.get(name), found)
    carrying = [placed(name, seen) for name, found in best.items() if found == probe.GRAD]
    lost = {name: found for name, found in best.items() if found in (probe.NONE, probe.ZERO, probe.LOOKUP)}
    cuts = [placed(name, seen) + ("" if found == probe.NONE else f":{found}") for name, found in lost.items()]
    if effect == "differentiable":
        if seen.same_object:
            effect = "identity"
        carries = ",".join(carrying) if cuts else "*"
    else:
        carries = ""
    if symbol.rpartition(".")[2] == "stop_gradient":
        effect = "stop"
    operation = seen.operation if probe.LOOKUP in best.values() else ""
    result = recipes.RESULTS.get(modern(symbol)) or result_of(seen)
    return (symbol, effect, result, carries, params, outputs_of(seen, effects, result), operation, ",".join(cuts), "")


def drop_accidental_zeros(symbol: str, seen: probe.Observation) -> None:
    """Forget zero gradients that may come from the values of the recipe."""
    name = modern(symbol)
    for output in seen.outputs:
        for parameter, found in list(output.per_parameter.items()):
            if found == probe.ZERO and (name, parameter) not in recipes.ZERO_EVERYWHERE:
                del output.per_parameter[parameter]


def cases_of(tf: Any, symbol: str, function: Any) -> str:
    """The special cases of a function, each measured by its own recipe."""
    found = []
    for name, condition, recipe in recipes.CASES:
        if name != symbol or not condition:
            continue
        seen = probe.observe(tf, function, recipe)
        row = row_of(symbol, seen) if seen is not None else None
        if row is not None:
            found.append(
                f"{condition}:{row[1]}/{row[2].rpartition('|')[2].partition(':')[0]}/{row[6]}/{row[5].partition(':')[0]}"
            )
    return ";".join(found)


def measured_functions(names: symbols.Names, v1: dict[str, str | None]) -> dict[str, Any]:
    """Every function that gets a row: canonical symbols, and those of compat.v1 that differ from TensorFlow 2's."""
    functions = {name: value for name, value in names.objects.items() if is_measured(name, value)}
    only_v1 = [
        name for name in recipes.RECIPES if name.startswith("tensorflow.compat.v1.") and v1.get(name, "") is None
    ]
    for name in {*v1_rows(names, v1), *only_v1}:
        value = symbols.lookup(name)
        if is_measured(name, value) or (name in only_v1 and not inspect.isclass(value)):
            functions[name] = value
    return functions


def v1_rows(names: symbols.Names, v1: dict[str, str | None]) -> list[str]:
    """Names of compat.v1 that TensorFlow 2 spells the same but that are another object there."""
    known = names.objects.keys() | names.aliases.keys()
    return [name for name, same in v1.items() if same is None and modern(name) in known]


def modern(name: str) -> str:
    return name.replace("tensorflow.compat.v1.", "tensorflow.", 1)


def v1_recipe(symbol: str, names: symbols.Names) -> str | None:
    """The recipe of TensorFlow 2's function of that name, where its arguments mean the same in compat.v1."""
    name = names.aliases.get(modern(symbol), modern(symbol))
    recipe = recipes.RECIPES.get(symbol, recipes.RECIPES.get(name))
    if recipe is None or symbol in recipes.RECIPES:
        return recipe
    old, new = probe.parameters_of(symbols.lookup(symbol)), probe.parameters_of(names.objects[name])
    used = max(probe.positional_count(part) for part in recipe.split(" | "))
    return recipe if old[:used] == new[:used] else None


def measure(tf: Any, functions: dict[str, Any], names: symbols.Names) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield each symbol with its row."""
    for symbol, function in sorted(functions.items()):
        recipe = recipes.RECIPES.get(symbol)
        if recipe is None and symbol.startswith("tensorflow.compat.v1."):
            recipe = v1_recipe(symbol, names)
        if os.environ.get("MEASURE_API_TRACE"):
            print("measuring", symbol, file=sys.stderr, flush=True)
        seen = probe.observe(tf, function, recipe)
        row = row_of(symbol, seen) if seen is not None else None
        if row is not None:
            row = (*row[:8], cases_of(tf, symbol, function))
        yield symbol, row


def alias_rows(names: symbols.Names, v1: dict[str, str | None], kept: set[str]) -> list[tuple[str, str]]:
    """Aliases of the symbols that the tables hold. `=` marks a compat.v1 name that is not TensorFlow 2's function."""
    rows = [(alias, name) for alias, name in names.aliases.items() if name in kept and not alias.startswith(MIRRORED)]
    for name, same in v1.items():
        expected = names.aliases.get(modern(name), modern(name))
        if same is None:
            if expected in kept and name not in kept:
                rows.append((name, "="))
        elif same != expected and same in kept:
            rows.append((name, same))
    return sorted(set(rows))


def write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = ["\t".join(header), *("\t".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def with_generation(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows with an empty last column: both generations of Keras have the symbol, until `merge` knows better."""
    return [(*row, "") for row in rows]


def merge(older: Path, names: symbols.Names) -> None:
    """Add what only an older TensorFlow has to the tables, and mark what only one of the two has.

    `names` are those of the newer, installed one.
    """
    here = names.objects.keys() | names.aliases.keys()
    there = set((older / "names.txt").read_text(encoding="utf-8").split())
    aliases = {alias: row[1] for alias, row in read_table(TABLES / "aliases.tsv").items()}

    def renamed(symbol: str) -> str:
        """The spelling that the newer version prefers."""
        found = aliases.get(symbol, symbol)
        return symbol if found == "=" else found

    for name in ("ops.tsv", "classes.tsv"):
        header = tuple((TABLES / name).read_text(encoding="utf-8").splitlines()[0].split("\t"))
        new = read_table(TABLES / name)
        old = {renamed(symbol): (renamed(symbol), *row[1:]) for symbol, row in read_table(older / name).items()}
        rows = []
        for symbol in sorted(new.keys() | old.keys()):
            if symbol in new and symbol in old:
                report(symbol, header, new[symbol], old[symbol])
                rows.append(both(header, new[symbol], old[symbol]))
            elif symbol in new:
                old_too = symbol in there or not symbol.startswith("keras.")
                rows.append((*new[symbol][:-1], "" if old_too else "3"))
            elif symbol not in here:
                rows.append((*old[symbol][:-1], "2"))
        write_table(TABLES / name, header, rows)
    known = read_table(TABLES / "ops.tsv").keys() | read_table(TABLES / "classes.tsv").keys()
    for alias, row in read_table(older / "aliases.tsv").items():
        aliases.setdefault(alias, renamed(row[1]))
    kept = [(alias, name) for alias, name in sorted(aliases.items()) if alias not in known and name in known | {"="}]
    write_table(TABLES / "aliases.tsv", ALIASES_HEADER, kept)


def both(header: tuple[str, ...], new: tuple[str, ...], old: tuple[str, ...]) -> tuple[str, ...]:
    """The row of a symbol that both versions have: the newer one, with `3` for a state that only Keras 3 keeps."""
    row = [*new[:-1], ""]
    if "state" in header:
        place = header.index("state")
        if (new[place], old[place]) == ("yes", "no"):
            row[place] = "3"
    return tuple(row)


def report(symbol: str, header: tuple[str, ...], new: tuple[str, ...], old: tuple[str, ...]) -> None:
    """Print where two versions of TensorFlow differ; parameters may be added without changing anything."""
    for column, here, there in zip(header, new, old, strict=True):
        if here != there and column not in ("params", "keras"):
            print(f"{symbol}: {column} is {here!r}, in the older version {there!r}")


def read_table(path: Path) -> dict[str, tuple[str, ...]]:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return {line.partition("\t")[0]: tuple(line.split("\t")) for line in lines}


def start() -> Any:
    """Import TensorFlow, quietly."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    import tensorflow as tf

    return tf


def selected(functions: dict[str, Any], only: str, sample: int) -> dict[str, Any]:
    prefixes = tuple(part for part in only.split(",") if part)
    chosen = {name: value for name, value in functions.items() if not prefixes or name.startswith(prefixes)}
    if sample and sample < len(chosen):
        picked = random.Random(sample).sample(sorted(chosen), sample)
        chosen = {name: chosen[name] for name in picked}
    return chosen


def check_ops(tf: Any, functions: dict[str, Any], names: symbols.Names) -> list[str]:
    """Differences between the table and what the installed TensorFlow does. A symbol without a row is no difference."""
    table = read_table(TABLES / "ops.tsv")
    functions = {name: value for name, value in functions.items() if name in table}
    differences = []
    for symbol, row in measure(tf, functions, names):
        expected = dict(zip(OPS_HEADER, table[symbol], strict=True))
        if row is None:
            differences.append(f"{symbol}: could not be measured")
            continue
        for column, value in zip(OPS_HEADER[:-1], row, strict=True):
            if value != expected[column]:
                differences.append(f"{symbol}: {column} is {expected[column]!r} in the table, {value!r} here")
    return differences


def compare(name: str, header: tuple[str, ...], rows: list[tuple[str, ...]], key: int = 1) -> list[str]:
    """Differences between a table and rows; what only one of them has is no difference."""
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()[1:]
    table = {tuple(line.split("\t")[:key]): tuple(line.split("\t")) for line in lines}
    differences = []
    for row in rows:
        for column, here, there in zip(header, row, table.get(row[:key], row), strict=True):
            if here != there and column != "keras" and (here, there) != ("yes", "3"):
                differences.append(f"{'.'.join(row[:key])}: {column} is {there!r} in the table, {here!r} here")
    return differences


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when `--check` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="compare with the tables, exit 1 on a difference")
    action.add_argument("--write", action="store_true", help="write the tables")
    action.add_argument("--uncovered", action="store_true", help="list functions that could not be measured")
    parser.add_argument("--only", default="", help="symbol prefixes, separated by commas")
    parser.add_argument("--sample", type=int, default=0, help="check only so many symbols, always the same ones")
    action.add_argument("--merge", type=Path, metavar="DIR", help="add the tables that an older TensorFlow wrote")
    parser.add_argument("--to", type=Path, default=TABLES, metavar="DIR", help="write into this folder")
    parser.add_argument("--tables", default="ops,raw_ops,classes,numpy,methods,aliases", help="only these tables")
    options = parser.parse_args(arguments)

    tf = start()
    names, v1 = symbols.collect()
    if options.merge:
        merge(options.merge, names)
        return 0
    functions = selected(measured_functions(names, v1), options.only, options.sample)
    tables = set(options.tables.split(","))
    if options.check:
        differences = check_ops(tf, functions, names) if "ops" in tables else []
        if "classes" in tables:
            differences += compare("classes.tsv", classes.HEADER, with_generation(classes.rows(names)))
        if "numpy" in tables:
            differences += compare("numpy.tsv", outside.NUMPY_HEADER, outside.numpy_rows(tf))
        if "methods" in tables:
            differences += compare("methods.tsv", outside.METHODS_HEADER, outside.expression_rows(tf), key=2)
        if "raw_ops" in tables:
            differences += compare("raw_ops.tsv", OPS_HEADER, with_generation(raw_ops.rows(tf, row_of)))
        print("\n".join(differences) if differences else "everything is as the tables say")
        return 1 if differences else 0
    if options.uncovered:
        print("\n".join(symbol for symbol, row in measure(tf, functions, names) if row is None))
        return 0
    write(tf, names, v1, functions, tables, options.to, bool(options.only))
    return 0


def write(
    tf: Any,
    names: symbols.Names,
    v1: dict[str, str | None],
    functions: dict[str, Any],
    tables: set[str],
    folder: Path,
    part: bool,
) -> None:
    """Write the chosen tables; with `part`, only the rows of `functions` are new in ops.tsv."""
    if "ops" in tables:
        measured = dict(measure(tf, functions, names))
        rows = {symbol: row for symbol, row in measured.items() if row is not None}
        if part:
            old = read_table(folder / "ops.tsv")
            rows = {**{symbol: row[:-1] for symbol, row in old.items() if symbol not in functions}, **rows}
        write_table(folder / "ops.tsv", OPS_HEADER, with_generation(rows[symbol] for symbol in sorted(rows)))
    if "classes" in tables:
        write_table(folder / "classes.tsv", classes.HEADER, with_generation(classes.rows(names)))
    if "numpy" in tables:
        write_table(folder / "numpy.tsv", outside.NUMPY_HEADER, outside.numpy_rows(tf))
    if "methods" in tables:
        write_table(folder / "methods.tsv", outside.METHODS_HEADER, outside.expression_rows(tf))
    if "raw_ops" in tables:
        write_table(folder / "raw_ops.tsv", OPS_HEADER, with_generation(raw_ops.rows(tf, row_of)))
    if "names" in tables:
        known = sorted({*names.objects, *names.aliases, *v1})
        (folder / "names.txt").write_text("\n".join(known) + "\n", encoding="utf-8")
    if "aliases" in tables:
        kept = read_table(folder / "ops.tsv").keys() | read_table(folder / "classes.tsv").keys()
        write_table(folder / "aliases.tsv", ALIASES_HEADER, alias_rows(names, v1, kept))


if __name__ == "__main__":
    sys.exit(main())
