"""What the stages of a roll hand to one another: frozen, plain, JSON-able by `dataclasses.asdict`.

Paths inside a tree or a repository are POSIX strings relative to its root; object ids are full
40-digit hexadecimal strings; sizes are bytes; times on the target are ticks (microseconds) and
cycles (of clk_sys).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from syncer.errors import Exit


class Verdict(StrEnum):
    """How a stage, or a whole roll, ended. The list is closed; report/status.schema.json has it.
    Each but the first four bears the name of the exit status that goes with it."""

    PASSED = "passed"
    UP_TO_DATE = "up to date"
    NOT_RUN = "not run"
    NOT_CHECKED = "not checked"
    BAD_INPUT = "bad input"
    CONFLICT = "conflict"
    GATE = "gate"
    PUBLISH = "publish"
    BUILD = "build"
    TEST = "test"
    ENVIRONMENT = "environment"
    HELD = "held"
    FOREIGN_COMMITS = "foreign commits"
    INTERRUPTED = "interrupted"
    BUG = "bug"

    @property
    def exit(self) -> Exit:
        """The status `sync` ends with when a roll ends so."""
        return Exit.__members__.get(self.name, Exit.OK)


# ---- foreign code


@dataclass(frozen=True)
class Protection:
    """What held upstream's code back while it ran: whether it could reach no `network`, change
    and see no `files` but those it was given, and leave no `processes`. The environment is
    always scrubbed."""

    name: str
    network: bool
    files: bool
    processes: bool

    @property
    def whole(self) -> bool:
        """Whether nothing can be stolen or spoilt: neither sent nor read nor written."""
        return self.network and self.files


# ---- resolve


@dataclass(frozen=True)
class Pin:
    """One repository at one commit. `tree` is that commit's, with upstream's own patch for it
    applied. `written` is what upstream wrote (a tag or a commit) and `file` where; both are
    empty for upstream itself. `date` is the commit's, by its committer, in UTC."""

    name: str
    url: str
    commit: str
    tree: str
    written: str = ""
    file: str = ""
    date: str = ""


@dataclass(frozen=True)
class Move:
    """What lies between the accepted commit and the new one. `old` is None on a first roll;
    `commits` are (id, subject), newest first, at most 200; `count` is the true number."""

    name: str
    old: str | None
    new: str
    count: int = 0
    commits: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Resolved:
    upstream: Pin
    components: tuple[Pin, ...]
    moves: tuple[Move, ...]

    @property
    def pins(self) -> tuple[Pin, ...]:
        return (self.upstream, *self.components)


# ---- rebase


class PatchVerdict(StrEnum):
    CLEAN = "clean"
    MERGED = "merged"
    ABSORBED = "absorbed"
    DROPPED = "dropped"
    EMPTIED = "emptied"
    RESOLVED = "resolved"
    SKIPPED = "skipped"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class PatchResult:
    """One patch of the queue after the rebase. `refreshed` is the patch file's new text when it
    must change (new blob ids, moved lines), else None. `conflicts` are paths. `resolution` is the
    recorded one that was replayed, "component/file" in the folder of resolutions."""

    component: str
    file: str
    subject: str
    verdict: PatchVerdict
    paths: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    reason: str = ""
    refreshed: str | None = None
    resolution: str = ""


@dataclass(frozen=True)
class OverrideResult:
    """One whole-file override. `shadowed` is the upstream blob the override was written against,
    `found` the blob upstream has now (None: the file is gone)."""

    component: str
    path: str
    source: str
    shadowed: str
    found: str | None

    @property
    def drifted(self) -> bool:
        return self.shadowed != self.found


@dataclass(frozen=True)
class Notable:
    """An upstream commit between the accepted one and this roll's that touches `paths`, which the
    port's files `by` (patches by their file's name, overrides by their source) change or shadow.
    `date` is YYYY-MM-DD; `gained` is False for one that only the accepted commit has."""

    component: str
    commit: str
    date: str
    subject: str
    paths: tuple[str, ...]
    by: tuple[str, ...]
    gained: bool = True


@dataclass(frozen=True)
class Descent:
    """A patch between the accepted roll and this one, as git range-diff tells it: `mark` is "="
    (the same), "!" (changed), "<" (no more) or ">" (new); `text` is how it changed."""

    component: str
    mark: str
    subject: str
    text: str = ""


@dataclass(frozen=True)
class Rebased:
    """`trees` maps a component's name (upstream's too) to the git tree that the queue and the
    overrides leave; the tree lies in that component's bare clone. `carried` maps each patch that
    stays ("component/file") and each override ("component:path") to the blob of the port's file;
    `gone` are those that the lock has, the port has no more, and upstream has not absorbed;
    `notable` the upstream commits under patches and overrides, nearest to the new one first;
    `lineage` compares the queue with the accepted one, where a clone has both."""

    trees: dict[str, str]
    patches: tuple[PatchResult, ...] = ()
    overrides: tuple[OverrideResult, ...] = ()
    carried: dict[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    notable: tuple[Notable, ...] = ()
    lineage: tuple[Descent, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A file of a component's that patches or an override change. `by` are the port's own files:
    patches, or the override's source; `place` is where it belongs in the generated tree; `code`
    says whether it is a source or a header."""

    component: str
    path: str
    by: tuple[str, ...]
    place: str
    override: bool = False
    code: bool = True


# ---- tree


class Origin(StrEnum):
    """Who declares a program: port.toml, or upstream's Makefile."""

    PORT = "port"
    UPSTREAM = "upstream"


@dataclass(frozen=True)
class Program:
    """A program that the generated tree can build. `kind` is "benchmark", "check", "test" or
    "example"; `sources` are its own, beside the library. `cases`: a test that uses upstream's test
    framework, so it must print at least one case."""

    name: str
    kind: str
    sources: tuple[str, ...]
    origin: Origin = Origin.PORT
    cases: bool = True


# What the error of a tree that a person changed says; its report is told by it.
EDITED = "was edited in place: "


@dataclass(frozen=True)
class TreeResult:
    """The generated tree. `digest` is the SHA-256 over every path, mode and content;
    `protection` is what held upstream's makefile back; `undeclared` are upstream's test sources
    that its Makefile makes no program of."""

    path: str
    digest: str
    files: int
    bytes: int
    sources: int
    headers: int
    by_component: dict[str, int] = field(default_factory=dict)
    protection: Protection | None = None
    programs: tuple[Program, ...] = ()
    undeclared: tuple[str, ...] = ()


# ---- build


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    size: int
    memory: str  # "flash", "ram", "flash+ram" (initialised data) or "other"


@dataclass(frozen=True)
class Firmware:
    """One linked program. `kind` is "benchmark", "check", "test" or "example"; `sha256` is its
    ELF file's; `uf2` is the file to give to a board's USB drive, of an example."""

    name: str
    kind: str
    board: str
    elf: str
    sha256: str
    flash: int
    ram: int
    sections: tuple[Section, ...] = ()
    uf2: str | None = None


@dataclass(frozen=True)
class Placed:
    """A symbol of a linked program."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class RegionUse:
    """What a program has in a region of port.toml's: `used` bytes of `length`, of which `budget`
    (0: all) are allowed; `symbols` are the largest of those that are meant to be there."""

    name: str
    what: str
    start: int
    length: int
    budget: int
    used: int
    symbols: tuple[Placed, ...]


@dataclass(frozen=True)
class MemoryMap:
    """A program's regions, in port.toml's order."""

    program: str
    regions: tuple[RegionUse, ...]


@dataclass(frozen=True)
class Effect:
    """What became of one `Changed` source or header. `objects` is how many were compiled of it or
    with it; `programs` are those that run and hold code of it; `functions` those it defines, by
    linker name; `displaced` says which of them another file's definition took the place of, and
    in which program."""

    component: str
    path: str
    by: tuple[str, ...]
    place: str
    override: bool = False
    objects: int = 0
    programs: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    displaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    name: str
    version: str
    path: str


@dataclass(frozen=True)
class Unbuilt:
    """A test of upstream's that does not compile or link, and the compiler's or linker's words."""

    name: str
    reason: str


@dataclass(frozen=True)
class BuildResult:
    """`effects` follows the port's changes into the programs; `sizes` is the file that holds the
    programs' sizes by section and symbol, as `sync accept` keeps it. `protection` is what held
    back the compilers, and what CMake and ninja run. `maps` are the programs' regions, but for
    upstream's tests."""

    tools: tuple[Tool, ...]
    firmware: tuple[Firmware, ...]
    log: str = ""
    effects: tuple[Effect, ...] = ()
    sizes: str = ""
    protection: Protection | None = None
    unbuilt: tuple[Unbuilt, ...] = ()
    maps: tuple[MemoryMap, ...] = ()


# ---- test


@dataclass(frozen=True)
class TestCase:
    name: str
    passed: bool


@dataclass(frozen=True)
class TestResult:
    """One test program. `reason` says why it did not pass (a hang, a fault, a truncated line,
    silence, failed cases); `stage` is "build" where it could not be run at all. `complete`: it ran
    to its end, and its own count of cases agrees with those seen. `exception` is the cause for
    which port.toml lets it fail, if it failed so. `report`: where it stood when a fault or its
    budget stopped it, as the emulator tells."""

    name: str
    passed: bool
    cases: tuple[TestCase, ...] = ()
    reason: str = ""
    cycles: int = 0
    stage: str = "run"
    complete: bool = False
    exception: str = ""
    report: str = ""

    @property
    def failed(self) -> bool:
        """It did not pass, and no exception allows for that."""
        return not self.passed and not self.exception


@dataclass(frozen=True)
class TestChange:
    """A test whose number of cases is not the accepted one; None: no such test then, or now."""

    name: str
    before: int | None
    now: int | None


@dataclass(frozen=True)
class UnneededException:
    """An exception of port.toml's that has nothing to except, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class TestsResult:
    results: tuple[TestResult, ...]
    changes: tuple[TestChange, ...] = ()
    unneeded: tuple[UnneededException, ...] = ()

    @property
    def passed(self) -> bool:
        return bool(self.results) and not any(r.failed for r in self.results)


# ---- bench


@dataclass(frozen=True)
class Kernel:
    """A function of an override's (`override`), or of a component that has overrides, that ran
    `calls` times in a layer; by linker name."""

    name: str
    calls: int
    override: bool = False


@dataclass(frozen=True)
class Layer:
    """One operator of one inference. `crc` is the CRC-32 of its outputs on the target,
    `host_crc` the same from TFLM on the host, `kernels` what computed it; None where not known."""

    index: int
    op: str
    ticks: int
    cycles: int | None = None
    crc: int | None = None
    host_crc: int | None = None
    kernels: tuple[Kernel, ...] | None = None


@dataclass(frozen=True)
class SlowPath:
    """How often one inference could not go a kernel's fast way, for one of the port's reasons."""

    reason: str
    count: int


@dataclass(frozen=True)
class BenchResult:
    """One model's benchmark. `outputs` is PASSED, NOT_CHECKED (the host could not run it: `note`
    says why) or TEST (they differ: `note` names the first layer)."""

    name: str
    target: str
    clock_hz: int
    ticks: int
    layers: tuple[Layer, ...]
    cycles: int | None = None
    arena: int | None = None
    flash: int | None = None
    ram: int | None = None
    outputs: Verdict = Verdict.NOT_CHECKED
    note: str = ""
    slow: tuple[SlowPath, ...] = ()


@dataclass(frozen=True)
class Figure:
    """One deterministic figure beside the last accepted one and the anchor's. `limit` is the most
    it may be, and `against` says which of the two sets it: "accepted", "anchor", or "" where it is
    not gated (`limit` is None). `name` is e.g. "person_detection/cycles"."""

    name: str
    unit: str
    new: int
    old: int | None = None
    limit: int | None = None
    anchor: int | None = None
    against: str = ""

    @property
    def over(self) -> bool:
        return self.limit is not None and self.new > self.limit


@dataclass(frozen=True)
class LeftKernel:
    """A layer that no longer runs kernels it ran when it was accepted. `layer` is its name, e.g.
    "person_detection/layer/3/CONV_2D"; `kernels` those that are missing, `now` what runs instead;
    all by linker name."""

    layer: str
    kernels: tuple[str, ...]
    now: tuple[str, ...] = ()


@dataclass(frozen=True)
class SizeMove:
    """A section (its name begins with a dot) or a symbol of `program`, and how many bytes of
    `memory` it took when it was accepted and takes now; 0: it was not there, or is no more."""

    program: str
    name: str
    memory: str
    old: int
    new: int


@dataclass(frozen=True)
class BenchesResult:
    """`ungated` says why no figure has a limit; empty where they have. `left` are layers that
    silently lost their kernels; `moved` the sections and symbols whose size moved most, by
    program, largest first; `largest` each program's sections and the symbols that take most,
    moved or not. `protection` is what held TFLM on the host back while it ran upstream's models.
    `beside` are the same benchmarks on a second target, if there was one; they gate nothing."""

    results: tuple[BenchResult, ...]
    figures: tuple[Figure, ...] = ()
    ungated: str = ""
    left: tuple[LeftKernel, ...] = ()
    moved: tuple[SizeMove, ...] = ()
    largest: tuple[SizeMove, ...] = ()
    protection: Protection | None = None
    beside: tuple[BenchResult, ...] = ()


# ---- the roll


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
