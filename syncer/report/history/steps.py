"""Where a figure jumps between one roll and the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncer.report.history.entry import Entry
from syncer.report.numbers import change

LEAST_PERCENT = 0.5


@dataclass(frozen=True)
class Step:
    """A jump of the figure `name` from `old` to `new` with the roll to `commit`. `moved` are the
    components with another commit than in the roll before (upstream included), `port` whether the
    port's own patches or overrides are others."""

    name: str
    commit: str
    old: int
    new: int
    moved: tuple[str, ...]
    port: bool

    @property
    def what(self) -> str:
        """What happened there, in a few words: "b1e07f30ff10, cmsis_nn: −1.3 %"."""
        said = [self.commit[:12], *self.moved, *(["the port's changes"] if self.port else [])]
        return f"{', '.join(said)}: {change(self.new, self.old)}"


def steps(
    entries: Sequence[Entry], name: str, least_percent: float = LEAST_PERCENT
) -> dict[int, Step]:
    """The jumps of one figure by the number of the entry that they come with: those of at least
    `least_percent` of what it was in the nearest entry before that has it."""
    found: dict[int, Step] = {}
    before: Entry | None = None
    for number, entry in enumerate(entries):
        new = entry.figures.get(name)
        if new is None:
            continue
        if before is not None:
            old = before.figures[name]
            if abs(new - old) * 100 >= least_percent * max(1, old) and new != old:
                upstream = {key for key, commit in entry.commits.items() if commit == entry.commit}
                moved = tuple(
                    key
                    for key, commit in entry.commits.items()
                    if before.commits.get(key) != commit and key not in upstream
                )
                port = before.carried != entry.carried
                found[number] = Step(name, entry.commit, old, new, moved, port)
        before = entry
    return found
