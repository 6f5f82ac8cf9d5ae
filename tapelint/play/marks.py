"""What the world keeps of things beside their values. Each knows what is left of it where several paths meet."""

from __future__ import annotations

from tapelint.play.context import Context
from tapelint.play.records import AddedLoss
from tapelint.play.values import Link, Place, Value
from tapelint.record import Record


class Built(Record):
    """That a layer or model has its weights: not `certain` where only some paths or only unseen code built it."""

    certain: bool = True

    def join(self, values: list[Built], missing: bool) -> Built:
        return Built(not missing and all(value.certain for value in values))


class Read(Record):
    """That an iterator was read to its end. `certain` is False when only some paths did, or unseen code may have."""

    place: Place
    certain: bool = True

    def join(self, values: list[Read], missing: bool) -> Read:
        return Read(values[0].place, not missing and all(value.certain for value in values))


class Written(Record):
    """What was last written into a variable by assign and the like: links that are all cut."""

    links: tuple[Link, ...]

    def join(self, values: list[Written], missing: bool) -> Written:
        return Written(tuple(dict.fromkeys(link for value in values for link in value.links)))


class Frozen(Record):
    """That `trainable` of a model or layer was set, and where. `value` is None when it is not known to what."""

    value: bool | None
    place: Place
    context: Context
    time: int = 0

    def join(self, values: list[Frozen], missing: bool) -> Frozen:
        agreed = not missing and all(value.value is values[0].value for value in values)
        return values[0] if agreed else values[0]._replace(value=None)


class Added(Record):
    """What a layer certainly gave to its own `add_loss`."""

    losses: tuple[AddedLoss, ...] = ()

    def join(self, values: list[Added], missing: bool) -> Added:
        common = [one for one in values[0].losses if all(one in value.losses for value in values)]
        return Added(() if missing else tuple(common))


class FirstStep(Record):
    """The variables of an optimizer's first step; `variables` is None when they are not known for certain."""

    place: Place
    variables: tuple[Value, ...] | None
    frozen: frozenset[int] = frozenset()
    """The layers of the models concerned whose variables were left out, because they were frozen."""

    def join(self, values: list[FirstStep], missing: bool) -> FirstStep:
        same_step = not missing and all(value == values[0] for value in values)
        return (
            FirstStep(values[0].place, values[0].variables, values[0].frozen)
            if same_step
            else FirstStep(values[0].place, None)
        )
