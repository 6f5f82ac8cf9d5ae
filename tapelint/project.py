"""The modules of a project: where they lie, and which of its files use another one. Nothing is executed.

`surroundings` says where the project around a file lies. The libraries that tapelint has tables for, and what comes
with Python, are never modules of a project.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property, lru_cache
from importlib.machinery import PathFinder

from tapelint.generation import runs_eagerly, sets_keras_2
from tapelint.program import no_collection, read
from tapelint.source.imports import imports
from tapelint.source.marks import has_mark
from tapelint.source.text import Source
from tapelint.surroundings import LIBRARIES, MAX_SIZE, content, files, is_project, real_path, surroundings, top
from tapelint.surroundings import forget as forget_surroundings

_FOREIGN = LIBRARIES | sys.stdlib_module_names
MAX_FILES_WITHOUT_MARK = 300
"""In a project with more files only those that hold a mark themselves are played for what they call."""
_MOST_HOPS = 5
"""From how many modules away a name is followed, through those that hand it on and through base classes."""

_REPLACING = rb"\n[ \t]*([A-Za-z_]\w*)\.(\w+)[ \t]*(?:[-+*/|&]|\*\*|//)?=(?!=)"
_SETTING = rb"\bsetattr\([ \t]*(\w+)[ \t]*,[ \t]*[\"'](\w+)[\"']"
_OWN = (b"self", b"cls")
_CLASS = rb"(?m)^class[ \t]+(\w+)[ \t]*\(([^()]*)\)"


class Project:
    """The modules of one project. `folder` is its real path; `package` is the only package whose name is ours there.

    Everything that was read is kept: make a new one when files may have changed.
    """

    def __init__(self, folder: str, package: str | None = None) -> None:
        self.folder = folder
        self.package = package
        self._found: dict[tuple[str, str], str | None] = {}
        self._roots: dict[str, list[str]] = {}
        self._marked: dict[str, frozenset[str]] = {}
        self._behind: dict[tuple[str, str], frozenset[str]] = {}
        self._classes: dict[str, dict[str, list[str]]] = {}
        self._imports: dict[str, list[tuple[str, str, str]]] = {}

    # -- modules --------------------------------------------------------------------------------------------------

    def find(self, name: str, importer: str) -> str | None:
        """The real path of a module, which the file `importer` imports as `name` (`a.b`, `..a`); None if not ours.

        The path is that of its file, or of the folder of a package without `__init__.py`.
        """
        return self._find(name, os.path.dirname(real_path(importer)))

    def _find(self, name: str, home: str) -> str | None:
        """The same for any file of the folder `home`."""
        key = (name, home)
        if key not in self._found:
            self._found[key] = self._search(name, home)
        return self._found[key]

    def _search(self, name: str, home: str) -> str | None:
        bare = name.lstrip(".")
        if len(bare) < len(name):
            for _ in range(len(name) - len(bare) - 1):
                home = os.path.dirname(home)
            return self._ours(_below(home, bare))
        first = bare.partition(".")[0]
        if first in _FOREIGN or (self.package is not None and first != self.package):
            return None
        if home not in self._roots:
            self._roots[home] = self._roots_of(home)
        roots = self._roots[home]
        found: list[str] = []
        for root in roots:
            path = self._ours(_below(root, bare))
            if path is not None:
                if roots[0] != home:
                    return path
                found.append(path)
        if len(found) > 1 and found[0] != found[1] and home != self.folder:
            return None  # run as a script it would be the one beside the importer, run from above the other one
        return found[0] if found else None

    def _roots_of(self, home: str) -> list[str]:
        """The folders in which Python may look for modules that a file in `home` imports, the most likely one first."""
        highest = top(home)
        roots = [highest, os.path.join(self.folder, "src"), self.folder]
        above = os.path.dirname(highest)
        while above.startswith(self.folder + os.sep):
            roots.append(above)
            above = os.path.dirname(above)
        roots.append(home)  # a script that is run where it lies, inside a package
        return list(dict.fromkeys(roots))

    def _ours(self, path: str | None) -> str | None:
        return path if path is not None and path.startswith(self.folder + os.sep) else None

    def within(self, package: str, name: str) -> str | None:
        """The real path of the module `name` in the package of that path; None if there is none."""
        if package.endswith(".py") and os.path.basename(package) != "__init__.py":
            return None
        key = ("." + name, package)
        if key not in self._found:
            folder = os.path.dirname(package) if package.endswith(".py") else package
            self._found[key] = self._ours(_below(folder, name))
        return self._found[key]

    def read(self, path: str, importer: str) -> tuple[Source, ast.Module] | None:
        """The text and the tree of a module, named as the importer is; None if there is none that can be read."""
        parsed = _parsed(path)
        if parsed is None or parsed[1] is None:
            return None
        source, tree = parsed
        assert tree is not None
        return Source(shown(path, importer), source.text, source.encoding, source.bom), tree

    def marked(self, path: str, name: str) -> frozenset[str]:
        """The names of the functions, classes and methods worth playing that `name` of a module stands for.

        An empty `name` stands for all of the module.
        """
        key = (path, name)
        if key not in self._behind:
            self._behind[key] = self._marked_behind(path, name, _MOST_HOPS)
        return self._behind[key]

    def _marked_behind(self, path: str, name: str, hops: int) -> frozenset[str]:
        found = self._names(path)
        if not name or not hops:
            return found if not name else frozenset()
        if name in found:
            return self._with_methods(path, name, found)
        above = self._bases(path, name)
        if above:
            inherited = frozenset[str]().union(*(self._marked_behind(path, base, hops - 1) for base in above))
            return inherited | {name} if inherited else frozenset()
        inner = self.within(path, name)
        if inner is not None:
            return self._names(inner)
        origin = self._origin(path, name)
        return frozenset() if origin is None else self._marked_behind(*origin, hops - 1)

    def _bases(self, path: str, name: str) -> list[str]:
        """The names of the classes that the class `name` of a module is made from; none if it has no such class."""
        if path not in self._classes:
            self._classes[path] = {
                head[1].decode("latin-1"): [
                    base.strip() for base in head[2].decode("latin-1").split(",") if base.strip().isidentifier()
                ]
                for head in re.finditer(_CLASS, content(path))
            }
        return self._classes[path].get(name, [])

    def _names(self, path: str) -> frozenset[str]:
        """The functions, classes and methods of a module that hold a mark."""
        held = self._marked.get(path)
        if held is None:
            held = self._marked[path] = frozenset(_marked(path))
        return held

    def _with_methods(self, path: str, name: str, found: frozenset[str]) -> frozenset[str]:
        """A class with its methods that hold a mark, a function by itself."""
        parsed = _parsed(path)
        body = parsed[1].body if parsed is not None and parsed[1] is not None else []
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                methods = {part.name for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))}
                return found & methods | {name}
        return frozenset({name})

    def _origin(self, path: str, name: str) -> tuple[str, str] | None:
        """Where a module has a name from that it imports."""
        stars: list[str] = []
        for other, original, bound in self._imports_of(path) if path.endswith(".py") else ():
            if bound == name and original:
                return other, original
            if bound == "*":
                stars.append(other)
        for other in reversed(stars):
            if name in self._names(other) or self._origin_is_near(other, name):
                return other, name
        return None

    def _origin_is_near(self, path: str, name: str) -> bool:
        return name.encode() in content(path)

    # -- users ----------------------------------------------------------------------------------------------------

    def entries(self, paths: Iterable[str]) -> list[str]:
        """The files to play for what is to be known of the files `paths` (real paths), which are not among them.

        These are the files that use one of them, directly or through others, and hold a mark or call what does.
        """
        users: dict[str, None] = dict.fromkeys(paths)
        if self._among <= users.keys():
            return []
        self._add_users(users)
        return sorted(user for user in users.keys() - set(paths) if self.is_worth_playing(user))

    def _add_users(self, users: dict[str, None]) -> None:
        """Add the files that use one of them, directly or through others."""
        pending = list(users)
        while pending:
            for user in self._used_by.get(pending.pop(), ()):
                if user not in users:
                    users[user] = None
                    pending.append(user)

    def is_eager(self, path: str) -> bool:
        """Whether a program that a file is part of has traced functions run as plain Python; tests don't count."""
        if not self._eager:
            return False
        users = dict.fromkeys([real_path(path)])
        self._add_users(users)
        return any(user in self._eager and not _is_test(user) for user in users)

    @cached_property
    def _eager(self) -> dict[str, None]:
        """The files that have traced functions run as plain Python, and those that use them."""
        found = dict.fromkeys(path for path in self.files if runs_eagerly(content(path)) and not _is_test(path))
        if found:
            self._add_users(found)
        return found

    def is_worth_playing(self, path: str) -> bool:
        """Whether a file of the project holds a mark, or uses what does."""
        return path in self._with_mark or self.uses_mark(path)

    def uses_mark(self, path: str) -> bool:
        """Whether a file of the project imports something from one of its files that holds a mark.

        Tests don't count: they try out faults on purpose.
        """
        if path not in self._among or len(self.files) > MAX_FILES_WITHOUT_MARK or _is_test(path):
            return False
        return any(self.marked(module, name) for module, name in self._imported(path))

    def sets_keras_2(self, path: str) -> bool:
        """Whether a file sets `TF_USE_LEGACY_KERAS`: of the project, or of its part with requirements of its own."""
        if not self._setting:
            return False
        folder = os.path.dirname(real_path(path))
        while folder != self.folder and folder.startswith(self.folder) and not is_project(folder):
            folder = os.path.dirname(folder)
        return any(file.startswith(folder + os.sep) for file in self._setting)

    @cached_property
    def _setting(self) -> list[str]:
        """The files that set `TF_USE_LEGACY_KERAS`."""
        marked = (file for file in self.files if b"TF_USE_LEGACY_KERAS" in content(file))
        return [file for file in marked if sets_keras_2(content(file).decode("latin-1"))]

    @cached_property
    def replaced(self) -> frozenset[str]:
        """The names that files assign in modules that they import: `settings.DEBUG = True`, `setattr(ops, "f", g)`."""
        found: set[str] = set()
        for data in map(content, self.files):
            written = set(re.findall(_REPLACING, data))
            if b"setattr(" in data:
                written.update(re.findall(_SETTING, data))
            written = {(base, name) for base, name in written if base not in _OWN}
            if written:
                imported = {word for match in imports(data) for part in match for word in re.findall(rb"\w+", part)}
                found.update(name.decode("latin-1") for base, name in written if base in imported)
        return frozenset(found)

    def holds_mark(self, others_than: Collection[str]) -> bool:
        """Whether a file of the project, other than those, holds a mark."""
        return any(has_mark(content(path)) for path in self.files if path not in others_than)

    @cached_property
    def _with_mark(self) -> set[str]:
        return {path for path in self.files if has_mark(content(path))}

    @cached_property
    def files(self) -> list[str]:
        """The real paths of all Python files and notebooks of the project; none if there are too many."""
        return files(self.folder)

    @cached_property
    def _among(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def _used_by(self) -> dict[str, set[str]]:
        """The files that import something of a file, by its path."""
        found: dict[str, set[str]] = {}
        for path in self.files:
            for module, name in self._imported(path):
                for used in self._homes(module, name):
                    found.setdefault(used, set()).add(path)
        return found

    def _homes(self, module: str, name: str) -> list[str]:
        """The files that something imported may come from."""
        if not module.endswith(".py"):  # a folder
            inner = self.within(module, name) if name else None
            return [inner] if inner is not None else []
        if not name or os.path.basename(module) != "__init__.py":
            return [module]
        inner = self.within(module, name)
        origin = self._origin(module, name) if inner is None else (inner, "")
        return [module] if origin is None else [origin[0]]

    def _imported(self, path: str) -> list[tuple[str, str]]:
        """What a file imports from modules of the project: their paths, and the names (empty: the whole module)."""
        return list(dict.fromkeys((module, name) for module, name, _ in self._imports_of(path)))

    def _imports_of(self, path: str) -> list[tuple[str, str, str]]:
        """The same, each with the name that it has in the file, "*" for all names of a module."""
        held = self._imports.get(path)
        if held is None:
            held = self._imports[path] = list(dict.fromkeys(self._read_imports(path)))
        return held

    def _read_imports(self, path: str) -> Iterator[tuple[str, str, str]]:
        home = os.path.dirname(path)
        for module, names, plain in imports(content(path)):
            if plain:
                for name in plain.decode("latin-1").split(","):
                    word, _, bound = (part.strip() for part in name.partition(" as "))
                    found = self._find(word, home) if word else None
                    if found is not None:
                        yield found, "", bound or word
                continue
            found = self._find(module.decode("latin-1"), home)
            if found is not None:
                listed = re.sub(rb"#[^\n]*", b"", names).replace(b"\\", b" ").decode("latin-1")
                for name in listed.strip("() \t\r\n").split(","):
                    word, _, bound = (part.strip() for part in name.partition(" as "))
                    if word:
                        yield found, "" if word == "*" else word, bound or word


def project_of(path: str) -> Project | None:
    """The project around a file; None for the sources of the libraries that are never read."""
    around = surroundings(path)
    return None if around is None else _project(*around)


def forget() -> None:
    """Drop what was read: files may have changed."""
    for folder, finder in list(sys.path_importer_cache.items()):
        # What `importlib.invalidate_caches` does here; since Python 3.12 that imports `importlib.metadata` and with it
        # as much as a run needs otherwise.
        if finder is None:
            del sys.path_importer_cache[folder]
        elif hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()
    forget_surroundings()
    _located.cache_clear()
    _project.cache_clear()
    _parsed.cache_clear()


@lru_cache(maxsize=256)
def _project(folder: str, package: str | None) -> Project:
    return Project(folder, package)


def _is_test(path: str) -> bool:
    folder, name = os.path.split(path)
    return name.startswith(("test_", "conftest")) or name.endswith("_test.py") or "tests" in folder.split(os.sep)


def _below(root: str, name: str) -> str | None:
    """What the import system finds for `a.b.c` in the folder `root`: a file, or a folder without `__init__.py`."""
    if not name:
        init = os.path.join(root, "__init__.py")
        return real_path(init) if os.path.isfile(init) else root
    found = _located(root, name)
    return None if found is None else found[0]


@lru_cache(maxsize=16_384)
def _located(root: str, name: str) -> tuple[str, list[str]] | None:
    """The real path of what is found for `a.b.c` in a folder, and the folders to look in for what is below that."""
    above, _, part = name.rpartition(".")
    package = _located(root, above) if above else (root, [root])
    spec = None if package is None else PathFinder.find_spec(part, package[1])
    if spec is None:
        return None
    path = list(spec.submodule_search_locations or ())
    if spec.origin is not None and spec.has_location:
        return (real_path(spec.origin), path) if spec.origin.endswith(".py") else None
    return (os.path.realpath(path[0]), path) if path else None


def shown(path: str, importer: str) -> str:
    """How a file is called beside `importer`: relative if that is."""
    near = os.path.relpath(path, os.path.dirname(real_path(importer)))
    return os.path.normpath(os.path.join(os.path.dirname(importer), near))


@lru_cache(maxsize=96)
def _parsed(path: str) -> tuple[Source, ast.Module | None] | None:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > MAX_SIZE:
            return None
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    with no_collection():
        program = read(path, data)
    return (program.python, program.tree) if program.cells is None else None


def _marked(path: str) -> set[str]:
    from tapelint.play.outline import outline
    from tapelint.play.player import MARKS

    if not has_mark(content(path)):
        return set()
    parsed = _parsed(path)
    if parsed is None or parsed[1] is None:
        return set()
    seen = outline(parsed[1])
    names = {node.name for node in seen.functions if seen.names[id(node)] & MARKS}
    for node in parsed[1].body:
        if isinstance(node, ast.ClassDef):
            methods = (part for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)))
            if any(seen.names[id(part)] & MARKS for part in methods):
                names.add(node.name)
    return names
