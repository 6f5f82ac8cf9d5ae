"""What the rules on `tf.distribute` share."""

from __future__ import annotations

from tapelint.play.context import Context, Scope
from tapelint.play.values import Object

_SEVERAL = ("MirroredStrategy", "MultiWorkerMirroredStrategy", "TPUStrategy")


def several(scope: Scope | None) -> bool:
    """Whether the strategy certainly is one that keeps a copy of every variable for each of its replicas."""
    if scope is None or not isinstance(scope.strategy, Object):
        return False
    return scope.strategy.symbol.rsplit(".", 1)[-1] in _SEVERAL


def replica_of(context: Context) -> Scope | None:
    """The `strategy.run` around a place, for a strategy with several replicas."""
    return context.replica if several(context.replica) else None
