"""The state of the played program: one store with a journal, so that branches can be played apart and joined.

Everything that can change lives here under a key: names by `(frame id, name)`, attributes by `(object id, "." + name)`,
contents of containers by `(object id, "#")`, tapes by `(tape id, "state")`. Playing a branch costs its changes, not
the size of the store: `mark` before it, `changes` after it, `rollback`, and `merge` the changes of all branches.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from tapelint.play.values import UNBOUND, Either, Entries, Items, Several, Value, either

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Key = tuple[Hashable, ...]
Changes = dict[Key, "Any"]

_MISSING = object()


class World:
    """A store with undo. `alive` is False on a path that ended by return, raise, break or continue."""

    def __init__(self) -> None:
        self.store: dict[Key, Any] = {}
        self.get: Callable[..., Any] = self.store.get
        self.alive = True
        self.cost = 0
        """How many writes were undone or joined: work that the player's steps don't count."""
        self._journal: list[tuple[Key, Any]] = []
        self._undone = 0

    def put(self, key: Key, value: Any) -> None:
        self._journal.append((key, self.store.get(key, _MISSING)))
        self.store[key] = value

    def mark(self) -> int:
        """A point to roll back to."""
        return len(self._journal)

    def state(self) -> tuple[int, int]:
        """Two equal ones, with nothing written between them, say that the world is the same."""
        return len(self._journal), self._undone

    def changes(self, mark: int) -> Changes:
        """What was written since `mark`, with the values of now."""
        self.cost += len(self._journal) - mark
        store = self.store
        return {key: store[key] for key, _ in self._journal[mark:] if key in store}

    def rollback(self, mark: int) -> None:
        """Undo everything that was written since `mark`."""
        self._undone += 1
        journal, store = self._journal, self.store
        for key, old in reversed(journal[mark:]):
            if old is _MISSING:
                store.pop(key, None)
            else:
                store[key] = old
        del journal[mark:]

    def drop(self, frame: int, names: Iterable[str]) -> None:
        """Forget the names of a frame that nobody can read any more: branches need not carry them."""
        pop = self.store.pop
        for name in names:
            pop((frame, name), None)

    def settle(self, changes: Changes) -> None:
        """Write what holds on every path and whatever is undone: what happened before anything else."""
        self.store.update(changes)

    def merge(self, branches: Sequence[Changes]) -> None:
        """Join the changes of branches that all started from the state of now. No branch: no living path."""
        if not branches:
            self.alive = False
            return
        self.alive = True
        store = self.store
        if len(branches) == 1:
            self._journal += [(key, store.get(key, _MISSING)) for key in branches[0]]
            store.update(branches[0])
            return
        if len(branches) == 2:
            one, two = branches
            for key, left in one.items():
                right = two[key] if key in two else store.get(key, _MISSING)
                if left is right:
                    if left is not store.get(key, _MISSING):
                        self.put(key, left)
                else:
                    self.put(key, _joined(key, [left, right]))
            for key, right in two.items():
                if key not in one:
                    left = store.get(key, _MISSING)
                    if left is not right:
                        self.put(key, _joined(key, [left, right]))
            return
        keys: dict[Key, None] = {}
        for branch in branches:
            keys.update(dict.fromkeys(branch))
        for key in keys:
            base = store.get(key, _MISSING)
            values = [branch.get(key, base) for branch in branches]
            first = values[0]
            for value in values:
                if value is not first:
                    self.put(key, _joined(key, values))
                    break
            else:
                if first is not base:
                    self.put(key, first)


def _joined(key: Key, values: list[Any]) -> Any:
    """The one stored thing that stands for any of `values`, which differ (some may be missing)."""
    present = [value for value in values if value is not _MISSING]
    sample = present[0]
    if isinstance(sample, Value):
        if len(present) < len(values):
            return either([UNBOUND if value is _MISSING else value for value in values])
        return either(values)
    if isinstance(sample, (Items, Entries)):
        if all(value is sample for value in present):
            return sample
        return _join_items(present) if isinstance(sample, Items) else _join_entries(present)
    if hasattr(sample, "join"):
        return sample.join(present, missing=len(present) < len(values))
    if all(value == sample for value in present) and len(present) == len(values):
        return sample
    if isinstance(sample, bool):
        return any(present) if key[-1] == "maybe" else all(present) and len(present) == len(values)
    return sample


def _join_items(values: list[Items]) -> Items:
    length = len(values[0].items)
    if all(len(value.items) == length and value.exact for value in values):
        return Items(tuple(either(column) for column in zip(*(value.items for value in values), strict=True)))
    prefix: list[Value] = []
    shortest = min(len(value.items) for value in values)
    for column in zip(*(value.items[:shortest] for value in values), strict=True):
        if isinstance(column[0], Several) or any(item is not column[0] for item in column):
            break
        prefix.append(column[0])
    rest = [item for value in values for item in Items(value.items[len(prefix) :])]
    return Items((*prefix, Several(either(rest)))) if rest else Items(tuple(prefix))


def _join_entries(values: list[Entries]) -> Entries:
    keys: list[object] = []
    for value in values:
        keys.extend(key for key, _ in value.entries if key not in keys)
    entries = []
    for key in keys:
        found = [value.get(key) or UNBOUND for value in values]
        entries.append((key, either(found)))
    rests = [value.rest for value in values if value.rest is not None]
    return Entries(tuple(entries), either(rests) if rests else None)


def known(value: Value) -> Value:
    """The value without the ways on which it is unbound (using it there would have raised)."""
    if isinstance(value, Either) and UNBOUND in value.options:
        return either(option for option in value.options if option is not UNBOUND)
    return value
