"""When a figure is over: limits from the accepted figures and the port's gates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from syncer.model import Figure
from syncer.port import Limit

LAYER = "/layer/"


def most(old: int, limit: Limit) -> int:
    """The most a figure may be: over is what exceeds `old` by more than the percentage and by
    more than the bytes."""
    # A float's shortest decimal is what port.toml says; 1.1 % of a number must not depend on it.
    share = int(old * Fraction(str(limit.percent)) / 100)
    return old + max(share, limit.bytes)


def gate(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """The figures over their limit, in order; empty: the gate is open."""
    return tuple(figure for figure in figures if figure.over)


def unmeasured(figures: Iterable[Figure], accepted: Mapping[str, int]) -> tuple[str, ...]:
    """Names of accepted figures that this roll has not measured, layers aside, sorted: they
    could not be gated, and a person should know."""
    measured = {figure.name for figure in figures}
    return tuple(sorted(n for n in accepted if n not in measured and LAYER not in n))
