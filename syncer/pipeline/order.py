"""What a person asks of a roll, and what they get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from syncer.errors import Exit, SyncError
from syncer.forge.protocol import Published
from syncer.journal import Begun
from syncer.model import NewestGood, Roll, Verdict
from syncer.port import Port
from syncer.targets import Target

STAGES = ("resolve", "rebase", "tree", "build", "test", "bench", "report", "publish")


@dataclass(frozen=True)
class Order:
    """What a person asked of a roll. `upstream` is a branch, tag or commit (None: the port's
    branch); `until` the last stage; `mirrors` URL -> URL or path; `cache` replaces the user's;
    `sandbox` is one of `foreign.MODES`; `bare` leaves the port's patches and overrides out, and
    proposes nothing. `newest_good` is why `upstream` is not the newest. `pins` are commits of
    components, by name, in place of those that upstream pins."""

    upstream: str | None = None
    until: str = STAGES[-1]
    target: str = "emulator"
    bootrom: Path | None = None
    mirrors: Mapping[str, str] = field(default_factory=dict)
    cache: Path | None = None
    sandbox: str = "auto"
    bare: bool = False
    newest_good: NewestGood | None = None
    pins: Mapping[str, str] = field(default_factory=dict)


_GOOD = (Verdict.PASSED, Verdict.NOT_CHECKED, Verdict.NOT_RUN, Verdict.UP_TO_DATE)


@dataclass(frozen=True)
class Outcome:
    """A roll and, where it got that far, what publishing it said."""

    roll: Roll
    error: SyncError | None = None
    published: Published | None = None

    @property
    def stopped_in(self) -> str:
        """The stage that did not pass; "" if all that were run did."""
        failed = (record.name for record in self.roll.stages if record.verdict not in _GOOD)
        return next(failed, "")


class Interrupted(KeyboardInterrupt):
    """A roll was asked to end, and has: `outcome` is how far it came."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def check_order(order: Order, port: Port) -> None:
    """Raises SyncError: (USAGE) no such stage or target; or there is no such boot ROM."""
    for name in target_names(order.target):
        if name != "emulator" or order.bootrom:  # else there is nothing to be wrong
            make_target(name, port, exact=True, bootrom=order.bootrom)
    if order.until not in STAGES:
        raise SyncError(
            f"there is no stage {order.until!r}",
            hint=f"The stages are {', '.join(STAGES)}.",
            exit=Exit.USAGE,
        )


def order_of(begun: Begun) -> Order:
    """What was asked of a roll.

    Raises:
        SyncError: it was asked of another version of this program, and cannot be read.
    """
    try:
        return TypeAdapter(Order).validate_python(begun.order)
    except ValidationError:
        raise SyncError(
            f"the roll begun at {begun.began} was ordered from another version of sync",
            hint="Start a new one with `sync`.",
        ) from None


def target_names(ordered: str) -> tuple[str, ...]:
    """The one or two targets that `--target` names: programs run on the first, benchmarks on the
    second as well.

    Raises:
        SyncError: (USAGE) there are more, or two of a kind.
    """
    names = tuple(ordered.split(","))
    kinds = [name.partition(":")[0] for name in names]
    if len(names) > 2 or len(set(kinds)) < len(kinds):
        raise SyncError(
            f"--target {ordered}: at most one emulator and one board",
            hint=_TARGETS,
            exit=Exit.USAGE,
        )
    return names


_TARGETS = "The targets are: emulator, board:PORT, and both as emulator,board:PORT."


def make_target(name: str, port: Port, *, exact: bool, bootrom: Path | None = None) -> Target:
    """The target that one name of `--target` means.

    Raises:
        SyncError: (USAGE) there is none of that name; or the boot ROM is none, or port.toml does
            not describe a board.
    """
    # Late: a roll that finds nothing to do runs no program.
    from syncer.targets.board import BoardTarget
    from syncer.targets.emulator import EmulatorTarget

    kind, _, place = name.partition(":")
    if name == "emulator":
        return EmulatorTarget(exact=exact, bootrom=bootrom)
    if kind != "board" or not place:
        raise SyncError(f"there is no target {name!r}", hint=_TARGETS, exit=Exit.USAGE)
    if port.toml.board is None:
        raise SyncError(
            f"{port.file} has no table [board]: nothing says how to flash one",
            hint="See docs/board.md for one.",
        )
    return BoardTarget(place, port.toml.board)
