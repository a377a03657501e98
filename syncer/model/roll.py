"""A whole roll, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncer.errors import Exit
from syncer.model.bench import BenchesResult
from syncer.model.build import BuildResult
from syncer.model.rebased import Rebased
from syncer.model.resolved import Resolved
from syncer.model.tests import TestsResult
from syncer.model.tree import TreeResult
from syncer.model.verdict import Verdict


@dataclass(frozen=True)
class StageRecord:
    name: str
    verdict: Verdict
    seconds: float = 0.0
    cached: bool = False
    message: str = ""


@dataclass(frozen=True)
class NewestGood:
    """Why a roll goes to less than upstream's newest commit (`wanted`): `bad` is the first commit,
    with its subject and date, with which a roll ended as `verdict` in `stage`, and `message` what
    it said. `good` is the one before; of the `span` commits since the accepted one, `tried` were
    rolled to. Commits are those of upstream's first parents."""

    wanted: str
    good: str
    bad: str
    subject: str
    date: str
    stage: str
    verdict: Verdict
    message: str
    span: int
    tried: int


@dataclass(frozen=True)
class PublishedItem:
    """A branch, pull request or issue that publishing saw to: what was done ("created", "updated",
    "unchanged", "closed"), in words too, and its `url` and `number` where it has them."""

    action: str
    text: str
    url: str | None = None
    number: int | None = None


@dataclass(frozen=True)
class PublishResult:
    """How publishing a roll ended: as `passed`, or why it did not (`message`, `hint`), and what
    had been done by then, in order."""

    verdict: Verdict
    items: tuple[PublishedItem, ...] = ()
    message: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Roll:
    """Everything a roll found; the report's only input. A stage that was not reached is None. A
    `bare` roll was one of upstream alone, without the port's patches and overrides. `detail` is
    the longer output behind `message`: a compiler's, a conflict's, a list of commits. `newest_good`
    is set where a newer upstream commit was left for its faults. `published` comes later: None
    until the roll is published."""

    port: str
    verdict: Verdict
    stages: tuple[StageRecord, ...]
    message: str = ""
    hint: str = ""
    resolved: Resolved | None = None
    rebased: Rebased | None = None
    tree: TreeResult | None = None
    build: BuildResult | None = None
    tests: TestsResult | None = None
    benches: BenchesResult | None = None
    accepted: dict[str, str] = field(default_factory=dict)  # component -> commit in the lock
    bare: bool = False
    detail: str = ""
    newest_good: NewestGood | None = None
    published: PublishResult | None = None

    @property
    def exit(self) -> Exit:
        return self.verdict.exit


@dataclass(frozen=True)
class Proposal:
    """What publish would send. `files` maps a path in the port's repository to its new text
    (None: deleted)."""

    branch: str
    title: str
    body: str
    files: dict[str, str | None] = field(default_factory=dict)
