"""port.toml as frozen dataclasses, table by table."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from syncer.port.gates import Gates
from syncer.port.words import (
    CLOSED,
    ArrayKind,
    Author,
    BlobId,
    Branch,
    CName,
    Count,
    Element,
    Folder,
    Glob,
    Label,
    Name,
    Natural,
    Optimisation,
    OptionalBranch,
    OptionalFolder,
    PinPattern,
    Regex,
    RelativePath,
    RepositoryName,
    Reviewer,
    Sentence,
    Url,
    VersionPattern,
    Word,
    some,
)


@dataclass(frozen=True, config=CLOSED)
class Identity:
    """`root` is where every other path starts, relative to port.toml's folder."""

    name: Name
    description: str = ""
    root: str = ".."


@dataclass(frozen=True, config=CLOSED)
class Upstream:
    """`only` are patterns (`*` crosses folders) of the files a roll needs; none: all of them."""

    name: Name
    url: Url
    branch: Branch = "main"
    only: tuple[str, ...] = ()


@dataclass(frozen=True, config=CLOSED)
class PinPlace:
    """A file in which upstream writes a component's pin; group 1 of `pattern` is the commit or
    tag. `url` is the repository that one is of, where upstream once used another."""

    file: RelativePath
    pattern: PinPattern
    url: str | None = None


@dataclass(frozen=True, config=CLOSED)
class Component:
    """A third-party repository that upstream pins. `path` lies below the downloads folder and,
    in the generated tree, below third_party/; `patch` is upstream's own patch for it; `only`
    as upstream's; `listed` = false: upstream's Makefile need not name a file of it; `license` are
    patterns.

    Upstream moves what it writes: `pin` and `patch` may be lists, of which one must hold. An
    `optional` component may be absent, from an upstream whose makefiles do not mention it."""

    name: Name
    url: Url
    pin: Annotated[tuple[PinPlace, ...], AfterValidator(some)]
    path: RelativePath
    patch: tuple[RelativePath, ...] = ()
    only: tuple[str, ...] = ()
    listed: bool = True
    optional: bool = False
    license: tuple[RelativePath, ...] = ("LICENSE",)


@dataclass(frozen=True, config=CLOSED)
class Patches:
    folder: RelativePath = "patches"
    context: Natural = 3


@dataclass(frozen=True, config=CLOSED)
class Override:
    """A whole file of the port's in place of upstream's blob `shadows`, which the tree can have as
    well, at `original`: for the override to include on a board it is not written for."""

    component: Name
    path: RelativePath
    source: RelativePath
    shadows: BlobId
    original: RelativePath | None = None


@dataclass(frozen=True, config=CLOSED)
class Array:
    """A file of upstream's as a C array: `to`.h and `to`.cc in the generated tree. The kinds are
    those of upstream's generate_cc_arrays.py: a file's bytes, an image's pixels, a recording's
    samples, numbers of the C type `element` separated by commas."""

    from_: RelativePath
    to: RelativePath
    symbol: CName
    kind: ArrayKind = "bytes"
    element: Element = "float"


@dataclass(frozen=True, config=CLOSED)
class Copy:
    """A file, or a folder's files but those whose names match `exclude`."""

    from_: RelativePath
    to: RelativePath
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, config=CLOSED)
class Tree:
    """How upstream is asked for its sources and what the port adds to them. `precompiled` are
    headers (places in the tree) that a template may have compiled once for all that include
    them."""

    makefile: RelativePath
    downloads: RelativePath
    goals: Annotated[tuple[Word, ...], AfterValidator(some)]
    variables: dict[Word, str] = field(default_factory=dict)
    placeholders: tuple[RelativePath, ...] = ()
    expected_output: tuple[Regex, ...] = ()
    exclude: tuple[str, ...] = ()
    extra: tuple[Glob, ...] = ()
    include_dirs: tuple[Folder, ...] = (".",)
    precompiled: tuple[RelativePath, ...] = ()
    array: tuple[Array, ...] = ()
    own: tuple[Copy, ...] = ()
    template: tuple[Copy, ...] = ()


@dataclass(frozen=True, config=CLOSED)
class Toolchain:
    """`packages` are the system's packages that bring it; the compiler must find `libraries`."""

    prefix: str
    minimum: str
    packages: str
    libraries: tuple[str, ...] = ("libc.a", "libstdc++.a")


@dataclass(frozen=True, config=CLOSED)
class Sdk:
    """`variable` (environment and CMake) holds its folder, `board_variable` (CMake) the board;
    what `version_pattern` finds in `version_file`, joined by dots, is its version."""

    name: Name
    variable: str
    board_variable: str
    version: str
    version_file: RelativePath
    version_pattern: VersionPattern


@dataclass(frozen=True, config=CLOSED)
class Memory:
    """One memory of the chip, for size reports: [start, length] in bytes."""

    start: Natural
    length: Natural


@dataclass(frozen=True, config=CLOSED)
class Build:
    """The first of `boards` is the one that programs are run on; the others are built. `uf2` is
    the UF2 family of a board, whose examples are then written in that form too. Without an `sdk`
    it is the port's CMake files alone that know the board."""

    toolchain: Toolchain
    boards: Annotated[tuple[Name, ...], AfterValidator(some)]
    sdk: Sdk | None = None
    memories: dict[Literal["flash", "ram"], tuple[Memory, ...]] = field(default_factory=dict)
    generator: Literal["Ninja"] = "Ninja"
    optimisation: Optimisation = "-O3"
    cmake: dict[Word, str] = field(default_factory=dict)
    uf2: dict[str, Natural] = field(default_factory=dict)


@dataclass(frozen=True, config=CLOSED)
class Region:
    """A part of the first board's memory in which, in every program that has them, the symbols
    must lie whose names fit one of `symbols` (`*` for any letters); each pattern has to fit one of
    some program's. A program may have at most `budget` bytes of the region's `length`. `what` it
    is for, a person reads in the report."""

    name: Name
    start: Natural
    length: Count
    symbols: Annotated[tuple[str, ...], AfterValidator(some)]
    budget: Count | None = None
    what: str = ""


@dataclass(frozen=True, config=CLOSED)
class FirmwareSpec:
    """`expect`, of an example, are regular expressions: each has to match one of the lines it
    prints on the first board, up to and with the first that holds the text `until`."""

    name: Name
    kind: Literal["benchmark", "check", "test", "example"]
    sources: tuple[RelativePath, ...]
    definitions: tuple[str, ...] = ()
    until: str = ""
    expect: tuple[Regex, ...] = ()


@dataclass(frozen=True, config=CLOSED)
class TestException:
    """A test of upstream's that may fail, at this `stage`, for a `cause` that a person reads in
    every report. `cases` are those of a run that may fail; none: whatever goes wrong."""

    name: Name
    stage: Literal["build", "run"]
    cause: Sentence
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, config=CLOSED)
class Tests:
    """Upstream's tests: the programs that its Makefile, called with `variables`, declares by
    `macro` (its helper_functions.inc: name, sources, headers, inputs) and whose names fit one of
    `names`."""

    variables: dict[Word, str]
    macro: CName = "microlite_test"
    names: tuple[str, ...] = ("*_test*",)
    exception: tuple[TestException, ...] = ()


@dataclass(frozen=True, config=CLOSED)
class Benchmark:
    """`firmware` prints the timed run, `check` (the same, if it prints both) the CRC of each
    operator's output. `tag` names the timed run, `inference` says which inference of the firmware
    it is, from 0; once a line holding `until` was printed `until_count` times, the rest need not
    be waited for. `model` and `inputs` are upstream's files, for TFLM on the host; with a `seed`,
    the inputs are its noise instead (`tree.models.noise`)."""

    name: Name
    firmware: Name
    tag: str
    inference: Natural
    until: str
    check: Name
    model: RelativePath
    inputs: tuple[RelativePath, ...] = ()
    until_count: Count = 1
    seed: Annotated[Natural, Field(lt=2**32)] | None = None


@dataclass(frozen=True, config=CLOSED)
class Board:
    """How programs get onto a board: `flash` and `reset` are command lines, `{elf}` and `{port}` in
    them the program and the serial port. With a `reset`, `flash` need not start what it loads. A
    program is given `first_seconds` until it prints something, `silent_seconds` between what it
    prints, and is flashed and started up to `attempts` times if it prints nothing at all."""

    flash: Annotated[tuple[str, ...], AfterValidator(some)]
    clock_hz: Count
    reset: tuple[str, ...] = ()
    baud: Count = 115_200
    attempts: Count = 2
    flash_seconds: Count = 60
    first_seconds: Count = 10
    silent_seconds: Count = 60


@dataclass(frozen=True, config=CLOSED)
class Budget:
    """The most cycles a program may run before it counts as hung."""

    test_cycles: Count = 4_000_000_000
    benchmark_cycles: Count = 40_000_000_000


@dataclass(frozen=True, config=CLOSED)
class TreeTarget:
    """Where the generated tree is published. With a `base`, a pull request from `branch` asks to
    merge it there; without, it goes onto `branch` itself. `repository`: "" for the queue's."""

    branch: Branch
    repository: RepositoryName = ""
    base: OptionalBranch = ""
    folder: Folder = "."


@dataclass(frozen=True, config=CLOSED)
class Publish:
    """What of a roll is published and where: the queue with the lock, to the port's `repository`
    ("owner/name"), in a pull request from `branch` to `base` ("": the default branch), where the
    port's root is `folder` ("": as in the checkout it lies in); the `tree`; or both. `reviewers`
    are people, and teams as "organisation/team". `history` is the branch that rolls' entries are
    added to ("": none)."""

    branch: Branch
    repository: RepositoryName = ""
    base: OptionalBranch = ""
    folder: OptionalFolder = ""
    mode: Literal["queue", "tree", "both"] = "queue"
    tree: TreeTarget | None = None
    labels: tuple[Label, ...] = ("upstream-sync",)
    reviewers: tuple[Reviewer, ...] = ()
    author: Author = "syncer <syncer@invalid>"
    history: OptionalBranch = "sync-history"


@dataclass(frozen=True, config=CLOSED)
class PortFile:
    """port.toml, table by table."""

    port: Identity
    upstream: Upstream
    tree: Tree
    build: Build
    publish: Publish
    component: tuple[Component, ...] = ()
    patches: Patches = Patches()
    override: tuple[Override, ...] = ()
    region: tuple[Region, ...] = ()
    firmware: tuple[FirmwareSpec, ...] = ()
    test: Tests | None = None
    benchmark: tuple[Benchmark, ...] = ()
    budget: Budget = Budget()
    board: Board | None = None
    gates: Gates = Gates()
