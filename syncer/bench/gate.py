"""When a figure is over: limits from the accepted figures, the anchor's, and the port's gates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from syncer.errors import SyncError
from syncer.model import BenchResult, Figure
from syncer.port import Gates, Limit

LAYER = "/layer/"


def most(old: int, limit: Limit) -> int:
    """The most a figure may be: over is what exceeds `old` by more than the percentage and by
    more than the bytes."""
    # A float's shortest decimal is what port.toml says; 1.1 % of a number must not depend on it.
    share = int(old * Fraction(str(limit.percent)) / 100)
    return old + max(share, limit.bytes)


def figure(
    name: str, unit: str, new: int, old: int | None, anchor: int | None, limit: Limit | None
) -> Figure:
    """A figure with the most it may be: `limit` above the accepted one or above the anchor's,
    whichever is less. The anchor stays where it is from roll to roll, so steps that are each
    within the limit cannot add up."""
    bases = (("accepted", old), ("anchor", anchor))
    tops = [(most(base, limit), what) for what, base in bases if limit and base is not None]
    top, against = min(tops, key=lambda item: item[0], default=(None, ""))
    return Figure(name, unit, new, old, top, anchor, against)


def gate(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """The figures over their limit, in order; empty: the gate is open."""
    return tuple(figure for figure in figures if figure.over)


def unmeasured(figures: Iterable[Figure], accepted: Mapping[str, int]) -> tuple[str, ...]:
    """Names of accepted figures that this roll has not measured, layers aside, sorted: they
    could not be gated, and a person should know."""
    measured = {figure.name for figure in figures}
    # A target that only counts time has no cycles to give.
    measured |= {f"{name.removesuffix('/ticks')}/cycles" for name in measured}
    return tuple(sorted(n for n in accepted if n not in measured and LAYER not in n))


def check_layers(results: Sequence[BenchResult], gates: Gates) -> None:
    """Raises SyncError for a limit of a layer that its model does not have: it would gate
    nothing."""
    for result in results:
        layers = [f"{layer.index}/{layer.op}" for layer in result.layers]
        known = {*layers, *(layer.op for layer in result.layers)}
        own = gates.model.get(result.name)
        for key in own.layers if own else ():
            if key not in known:
                raise SyncError(
                    f"gates.model.{result.name}.layers: {result.name} has no layer {key!r}",
                    hint=f"In port.toml, name one of: {', '.join(layers)}; or an operator.",
                )
