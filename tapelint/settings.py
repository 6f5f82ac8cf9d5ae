"""Settings: what `[tool.tapelint]`, `tapelint.toml` and the command line ask for, and which of them holds where.

Plain classes and no import beyond `os`: a tree without tapes pays for this module.
"""

from __future__ import annotations

import os

from tapelint.pattern import Patterns
from tapelint.releases import NEWEST, STEPS, version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

FILES = (".tapelint.toml", "tapelint.toml", "pyproject.toml")
"""Names of settings files; the first that a folder holds is read (`pyproject.toml` if it has our table)."""

EXCLUDES = tuple(
    ".bzr .direnv .eggs .git .git-rewrite .hg .ipynb_checkpoints .mypy_cache .nox .pants.d .pyenv .pytest_cache .pytype"
    " .ruff_cache .svn .tapelint_cache .tox .venv .vscode CVS __pycache__ __pypackages__ _build buck-out build dist "
    "node_modules site-packages venv *.egg".split()
)

SEVERITIES = ("error", "warning", "info")


class SettingsError(ValueError):
    """A settings file or a value on the command line is wrong; the text is one line that names the place."""


class Key:
    """One key of a settings file: its name, its form (see `_FORMS`) and what it does, in a line."""

    __slots__ = ("form", "help", "name")

    def __init__(self, name: str, form: str, help: str) -> None:
        self.name = name
        self.form = form
        self.help = help


KEYS = {
    key.name: key
    for key in (
        Key("select", "strings", "the rules to use: codes, the beginning of codes, names, or ALL"),
        Key("ignore", "strings", "rules to leave out"),
        Key("extend-select", "strings", "rules to use beside the selected ones"),
        Key("per-file-ignores", "lists", "rules to leave out in the files that a pattern matches"),
        Key("pedantic", "boolean", "use the rules of severity info too"),
        Key("severity", "severities", "another severity for a rule"),
        Key("exclude", "strings", "files and folders to pass over, in place of the default list"),
        Key("extend-exclude", "strings", "files and folders to pass over beside the excluded ones"),
        Key("extend-include", "strings", "files to check beside Python files and notebooks, like *.md"),
        Key("respect-gitignore", "boolean", "pass over what git ignores (on unless set to false)"),
        Key("force-exclude", "boolean", "pass over excluded files even when they are named on the command line"),
        Key("target-tensorflow", "version", 'the TensorFlow that the code is for, like "2.15"'),
        Key("target-keras", "keras", "the Keras generation that the code is for, 2 or 3 (else the project's own pins)"),
        Key("follow-imports", "boolean", "play other modules of the project too (on unless set to false)"),
        Key("fix", "boolean", "apply safe fixes, as --fix does"),
        Key("unsafe-fixes", "boolean", "apply unsafe fixes too where fixes are applied"),
        Key("extend-safe-fixes", "strings", "rules whose fixes count as safe"),
        Key("extend-unsafe-fixes", "strings", "rules whose fixes count as unsafe"),
        Key("unfixable", "strings", "rules whose fixes are not offered"),
        Key("output-format", "string", "the form of the output"),
        Key("respect-noqa", "boolean", "let noqa comments suppress findings (on unless set to false)"),
        Key("baseline", "string", "a file of findings that are known and not reported; written by --write-baseline"),
        Key("extend", "string", "another settings file whose values hold where this one has none"),
        Key("required-version", "string", 'the tapelint versions that may read these settings, like ">=0.1"'),
    )
}


class Settings:
    """What holds for the files of one folder. Never changed after it is made."""

    def __init__(
        self,
        values: Mapping[str, Any],
        root: str,
        file: str | None = None,
        isolated: bool = False,
        given: frozenset[str] = frozenset(),
    ) -> None:
        self.isolated = isolated
        self.given = given
        self.values = dict(values)
        self.root = root
        self.file = file
        default = values.get("exclude", EXCLUDES)
        self.excludes = Patterns([*default, *values.get("extend-exclude", ())], root)
        included = values.get("extend-include")
        self.includes = Patterns(included, root) if included else None
        self.respect_gitignore: bool = values.get("respect-gitignore", True)
        self.force_exclude: bool = values.get("force-exclude", False)
        self.follow_imports: bool = values.get("follow-imports", True)
        self.pedantic: bool = values.get("pedantic", False)
        self.select: list[str] | None = values.get("select")
        self.ignore: list[str] = values.get("ignore", [])
        self.extend_select: list[str] = values.get("extend-select", [])
        self.per_file_ignores: dict[str, list[str]] = values.get("per-file-ignores", {})
        self.severity: dict[str, str] = values.get("severity", {})
        self.fix: bool = values.get("fix", False)
        self.unsafe_fixes: bool = values.get("unsafe-fixes", False)
        self.extend_safe_fixes: list[str] = values.get("extend-safe-fixes", [])
        self.extend_unsafe_fixes: list[str] = values.get("extend-unsafe-fixes", [])
        self.unfixable: list[str] = values.get("unfixable", [])
        self.output_format: str | None = values.get("output-format")
        self.respect_noqa: bool = values.get("respect-noqa", True)
        baseline: str = values.get("baseline", "")
        self.baseline: str | None = os.path.join(root, os.path.expanduser(baseline)) if baseline else None
        self.target_keras: int | None = values.get("target-keras")
        self.target_tensorflow: str | None = values.get("target-tensorflow")

    @property
    def keras(self) -> int | None:
        """The Keras generation that is set, or that of the TensorFlow that is set; None if neither is."""
        if self.target_keras is not None:
            return self.target_keras
        if self.target_tensorflow is not None:
            return 2 if version(self.target_tensorflow) < (2, 16) else 3
        return None

    @property
    def before(self) -> tuple[int, ...]:
        """A TensorFlow that is newer than what the code is for, as far as that is set."""
        if self.target_tensorflow is None:
            return NEWEST
        return next((step for step in STEPS if version(self.target_tensorflow) < step), NEWEST)

    def place(self, word: str) -> str:
        """Where a word stands: in the settings file, or among the words that the command line gives."""
        return self.file if self.file is not None and word not in self.given else "the command line"

    @property
    def names_rules(self) -> bool:
        """Whether any rule is named, so that the names must be looked up in the catalogue."""
        named = (
            *(self.select, self.ignore, self.extend_select, self.per_file_ignores, self.severity),
            *(self.extend_safe_fixes, self.extend_unsafe_fixes, self.unfixable),
        )
        return any(bool(names) for names in named) or self.select is not None


class Configuration:
    """Finds the settings that hold for a folder: those of the closest settings file, under what the command line says.

    `given` holds values of the command line by key; they win, except that `ignore`, `extend-select` and
    `extend-exclude` are added, and that with a `select` of its own the files' choice of rules does not count. With
    `isolated` no file is read; with `file` only that one.
    """

    def __init__(self, given: Mapping[str, Any] | None = None, isolated: bool = False, file: str | None = None) -> None:
        self.given = dict(given or {})
        self._cwd = os.getcwd()
        self._closest: dict[str, Settings] = {}
        self._fixed: Settings | None = None
        if file is not None:
            values = read(file)
            if values is None:
                raise SettingsError(f"{file}: has no [tool.tapelint]")
            self._fixed = self._with_given(values, self._cwd, file)
        elif isolated:
            self._fixed = self._with_given({}, self._cwd, None, isolated=True)

    def for_folder(self, folder: str) -> Settings:
        """The settings for the files in `folder`, an absolute path."""
        if self._fixed is not None:
            return self._fixed
        known = self._closest.get(folder)
        if known is not None:
            return known
        settings = self._in(folder, FILES)
        if settings is None:
            parent = os.path.dirname(folder)
            settings = self.for_folder(parent) if parent != folder else self._with_given({}, self._cwd, None)
        self._closest[folder] = settings
        return settings

    def for_entries(self, folder: str, names: set[str], above: Settings) -> Settings:
        """The settings for `folder`, which holds `names`, where `above` holds for the folder around it."""
        if self._fixed is not None or names.isdisjoint(FILES):
            return above
        full = os.path.abspath(folder)
        known = self._closest.get(full)
        if known is None:
            known = self._in(full, [name for name in FILES if name in names]) or above
            self._closest[full] = known
        return known

    def _in(self, folder: str, names: Sequence[str]) -> Settings | None:
        for name in names:
            path = os.path.join(folder, name)
            values = read(path) if os.path.isfile(path) else None
            if values is not None:
                return self._with_given(values, folder, path)
        return None

    def _with_given(self, values: Mapping[str, Any], root: str, file: str | None, isolated: bool = False) -> Settings:
        merged = dict(values)
        if "select" in self.given:
            merged.pop("ignore", None)
            merged.pop("extend-select", None)
        for key, value in self.given.items():
            if key in ("ignore", "extend-select", "extend-exclude"):
                value = [*merged.get(key, ()), *value]
            merged[key] = value
        return Settings(merged, root, file, isolated, frozenset(_words(self.given.values())))


def _words(values: Iterable[object]) -> Iterator[str]:
    """All texts in values, however deep."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            yield from _words(value)
            yield from _words(value.values() if isinstance(value, dict) else ())


def read(path: str) -> dict[str, Any] | None:
    """The checked values of a settings file with what it extends; None for a `pyproject.toml` without our table."""
    return _read(path, ())


def _read(path: str, readers: tuple[str, ...]) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    is_project = os.path.basename(path) == "pyproject.toml"
    if is_project and b"tapelint" not in data:
        return None
    table = _parse(path, data)
    if is_project:
        tool = table.get("tool")
        table = tool.get("tapelint") if isinstance(tool, dict) else None
        if table is None:
            return None
    values = checked(table, path)
    required = values.pop("required-version", None)
    if required is not None:
        _require(required, path)
    base = values.pop("extend", None)
    if base is None:
        return values
    base = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(path)), os.path.expanduser(base)))
    real = os.path.realpath(base)
    readers = (*readers, os.path.realpath(path))
    if real in readers:
        raise SettingsError(f"{path}: extend leads back to {base}")
    try:
        inherited = _read(base, readers)
    except SettingsError as error:
        raise SettingsError(f"{path}: extend: {error}") from None
    if inherited is None:
        raise SettingsError(f"{path}: extend names {base}, which has no [tool.tapelint]")
    return {**inherited, **values}


def _parse(path: str, data: bytes) -> Any:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}".replace("\n", " ")) from None


def parse_value(text: str) -> tuple[str, Any]:
    """`key=value` of `--config`, the value in TOML; a bare word is taken as a string."""
    key, _, value = text.partition("=")
    key = key.strip()
    try:
        parsed = _parse("--config", f"value = {value}".encode())["value"]
    except SettingsError:
        if not value.strip() or any(char in value for char in "\"'[]{}="):
            raise SettingsError(f"--config {text}: not a TOML value: {value.strip()}") from None
        parsed = value.strip()
    values = checked({key: parsed}, "--config")
    if key in ("extend", "required-version"):
        raise SettingsError(f"--config: {key} belongs in a settings file")
    return key, values[key]


def checked(table: object, place: str) -> dict[str, Any]:
    """The table's values if all keys and forms are right. Raises `SettingsError`, which names the near miss."""
    if not isinstance(table, dict):
        raise SettingsError(f"{place}: tapelint must be a table")
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = KEYS.get(name)
        if key is None:
            nested = name == "tool" and isinstance(value, dict) and "tapelint" in value
            hint = "; here the settings stand at the top, without [tool.tapelint]" if nested else near(name, KEYS)
            raise SettingsError(f"{place}: unknown key {name}{hint}")
        wanted, test = _FORMS[key.form]
        if not test(value):
            raise SettingsError(f"{place}: {name} must be {wanted}")
        values[name] = value
    return values


def near(name: str, known: Mapping[str, object] | Sequence[str]) -> str:
    """`; did you mean X?` where something known is close to `name`, else nothing."""
    import difflib

    close = difflib.get_close_matches(name.replace("_", "-"), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _require(required: str, path: str) -> None:
    from tapelint import __version__

    ours = version(__version__)
    for clause in required.split(","):
        clause = clause.strip()
        sign = clause[: len(clause) - len(clause.lstrip("<>=!~"))] or "=="
        wanted = version(clause.lstrip("<>=!~ "))
        if not wanted or sign not in ("==", "!=", ">=", "<=", ">", "<", "~="):
            raise SettingsError(f"{path}: required-version is not a version range: {required}")
        size = max(len(ours), len(wanted))
        left, right = ours + (0,) * (size - len(ours)), wanted + (0,) * (size - len(wanted))
        holds = {
            "==": left == right,
            "!=": left != right,
            ">=": left >= right,
            "<=": left <= right,
            ">": left > right,
            "<": left < right,
            "~=": left >= right and left[: len(wanted) - 1] == wanted[:-1],
        }[sign]
        if not holds:
            raise SettingsError(f"{path}: asks for tapelint {required}; this is {__version__}")


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_FORMS = {
    "strings": ("a list of strings", _is_strings),
    "lists": (
        "a table of lists of strings",
        lambda value: isinstance(value, dict) and all(_is_strings(item) for item in value.values()),
    ),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "severities": (
        "a table of rules, each with error, warning or info",
        lambda value: isinstance(value, dict) and all(item in SEVERITIES for item in value.values()),
    ),
    "version": (
        'a version, like "2.15"',
        lambda value: isinstance(value, str) and len(version(value)) > 1,
    ),
    "keras": ("2 or 3", lambda value: value in (2, 3) and isinstance(value, int) and not isinstance(value, bool)),
    "string": ("a string", lambda value: isinstance(value, str)),
}
