"""port.toml as frozen dataclasses. Every error names the file, the key and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from syncer.errors import SyncError
from syncer.files import read_toml
from syncer.git import PROTOCOLS
from syncer.mistakes import checked

_CLOSED = ConfigDict(extra="forbid", strict=True)


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not path or path.startswith("/") or ".." in parts or "\\" in path or ".git" in parts:
        raise ValueError("must be a relative path that stays inside its root")
    return path


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError("may hold letters, digits, '.', '_' and '-' only")
    return name


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def _one_group(pattern: str) -> str:
    if re.compile(_pattern(pattern)).groups != 1:
        raise ValueError("must have exactly one group: the commit or tag")
    return pattern


def _one_group_at_most(pattern: str) -> str:
    if re.compile(_pattern(pattern)).groups > 1:
        raise ValueError("must have one group at most: a part of the version")
    return pattern


def _glob(pattern: str) -> str:
    if any("**" in part and part != "**" for part in PurePosixPath(_inside(pattern)).parts):
        raise ValueError("may have ** only as a whole folder's name")
    return pattern


def _some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not items:
        raise ValueError("must name at least one")
    return items


def _url(url: str) -> str:
    scheme = url.partition("://")[0] if "://" in url else "file"
    if not url or url.startswith("-") or scheme not in PROTOCOLS:
        raise ValueError(f"must be a URL ({', '.join(PROTOCOLS)}) or a path")
    return url


def _branch(name: str) -> str:
    if not re.fullmatch(r"[^-/\s~^:?*\[\\][^\s~^:?*\[\\]*", name) or ".." in name:
        raise ValueError("is no name for a branch")
    return name


RelativePath = Annotated[str, AfterValidator(_inside)]
Folder = Annotated[str, AfterValidator(lambda path: path if path == "." else _inside(path))]
Glob = Annotated[str, AfterValidator(_glob)]
Regex = Annotated[str, AfterValidator(_pattern)]
Name = Annotated[str, AfterValidator(_name)]
Url = Annotated[str, AfterValidator(_url)]
Branch = Annotated[str, AfterValidator(_branch)]
# What goes onto a command line may not be taken for an option there.
Word = Annotated[str, AfterValidator(lambda text: _matches(text, r"[A-Za-z_][\w./-]*", "a name"))]
Natural = Annotated[int, AfterValidator(lambda number: _at_least(number, 0))]
Count = Annotated[int, AfterValidator(lambda number: _at_least(number, 1))]
BlobId = Annotated[str, AfterValidator(lambda text: _matches(text, "[0-9a-f]{40}", "a blob id"))]


def _matches(text: str, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"must be {what}: {pattern}")
    return text


@dataclass(frozen=True, config=_CLOSED)
class Identity:
    """`root` is where every other path starts, relative to port.toml's folder."""

    name: Name
    description: str = ""
    root: str = ".."


@dataclass(frozen=True, config=_CLOSED)
class Upstream:
    """`only` are patterns (`*` crosses folders) of the files a roll needs; none: all of them."""

    name: Name
    url: Url
    branch: Branch = "main"
    only: tuple[str, ...] = ()


@dataclass(frozen=True, config=_CLOSED)
class PinPlace:
    """A file in which upstream writes a component's pin; group 1 of `pattern` is the commit or
    tag. `url` is the repository that one is of, where upstream once used another."""

    file: RelativePath
    pattern: Annotated[str, AfterValidator(_one_group)]
    url: str | None = None


@dataclass(frozen=True, config=_CLOSED)
class Component:
    """A third-party repository that upstream pins. `path` lies below the downloads folder and,
    in the generated tree, below third_party/; `patch` is upstream's own patch for it; `only`
    as upstream's; `listed` = false: upstream's Makefile need not name a file of it; `license` are
    patterns.

    Upstream moves what it writes: `pin` and `patch` may be lists, of which one must hold. An
    `optional` component may be absent, from an upstream whose makefiles do not mention it."""

    name: Name
    url: Url
    pin: Annotated[tuple[PinPlace, ...], AfterValidator(_some)]
    path: RelativePath
    patch: tuple[RelativePath, ...] = ()
    only: tuple[str, ...] = ()
    listed: bool = True
    optional: bool = False
    license: tuple[RelativePath, ...] = ("LICENSE",)


@dataclass(frozen=True, config=_CLOSED)
class Patches:
    folder: RelativePath = "patches"
    context: Natural = 3


def _at_least(number: int, least: int) -> int:
    if number < least:
        raise ValueError(f"must be at least {least}")
    return number


@dataclass(frozen=True, config=_CLOSED)
class Override:
    """A whole file of the port's in place of upstream's blob `shadows`."""

    component: Name
    path: RelativePath
    source: RelativePath
    shadows: BlobId


ArrayKind = Literal["bytes", "bmp", "wav", "csv"]
Element = Literal["int8_t", "int16_t", "int32_t", "float"]
CName = Annotated[str, AfterValidator(lambda text: _matches(text, r"[A-Za-z_]\w*", "a C name"))]


@dataclass(frozen=True, config=_CLOSED)
class Array:
    """A file of upstream's as a C array: `to`.h and `to`.cc in the generated tree. The kinds are
    those of upstream's generate_cc_arrays.py: a file's bytes, an image's pixels, a recording's
    samples, numbers of the C type `element` separated by commas."""

    from_: RelativePath
    to: RelativePath
    symbol: CName
    kind: ArrayKind = "bytes"
    element: Element = "float"


@dataclass(frozen=True, config=_CLOSED)
class Copy:
    """A file, or a folder's files but those whose names match `exclude`."""

    from_: RelativePath
    to: RelativePath
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, config=_CLOSED)
class Tree:
    """How upstream is asked for its sources and what the port adds to them. `precompiled` are
    headers (places in the tree) that a template may have compiled once for all that include
    them."""

    makefile: RelativePath
    downloads: RelativePath
    goals: Annotated[tuple[Word, ...], AfterValidator(_some)]
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


@dataclass(frozen=True, config=_CLOSED)
class Toolchain:
    """`packages` are the system's packages that bring it; the compiler must find `libraries`."""

    prefix: str
    minimum: str
    packages: str
    libraries: tuple[str, ...] = ("libc.a", "libstdc++.a")


@dataclass(frozen=True, config=_CLOSED)
class Sdk:
    """`variable` (environment and CMake) holds its folder, `board_variable` (CMake) the board;
    what `version_pattern` finds in `version_file`, joined by dots, is its version."""

    name: Name
    variable: str
    board_variable: str
    version: str
    version_file: RelativePath
    version_pattern: Annotated[str, AfterValidator(_one_group_at_most)]


@dataclass(frozen=True, config=_CLOSED)
class Memory:
    """One memory of the chip, for size reports: [start, length] in bytes."""

    start: Natural
    length: Natural


@dataclass(frozen=True, config=_CLOSED)
class Build:
    """The first of `boards` is the one that programs are run on; the others are built. `uf2` is
    the UF2 family of a board, whose examples are then written in that form too. Without an `sdk`
    it is the port's CMake files alone that know the board."""

    toolchain: Toolchain
    boards: Annotated[tuple[Name, ...], AfterValidator(_some)]
    sdk: Sdk | None = None
    memories: dict[Literal["flash", "ram"], tuple[Memory, ...]] = field(default_factory=dict)
    generator: Literal["Ninja"] = "Ninja"
    optimisation: Annotated[
        str, AfterValidator(lambda text: _matches(text, r"-O\w*", "an option of the compiler's"))
    ] = "-O3"
    cmake: dict[Word, str] = field(default_factory=dict)
    uf2: dict[str, Natural] = field(default_factory=dict)


@dataclass(frozen=True, config=_CLOSED)
class FirmwareSpec:
    """`expect`, of an example, are regular expressions: each has to match one of the lines it
    prints on the first board, up to and with the first that holds the text `until`."""

    name: Name
    kind: Literal["benchmark", "check", "test", "example"]
    sources: tuple[RelativePath, ...]
    definitions: tuple[str, ...] = ()
    until: str = ""
    expect: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()


@dataclass(frozen=True, config=_CLOSED)
class TestException:
    """A test of upstream's that may fail, at this `stage`, for a `cause` that a person reads in
    every report. `cases` are those of a run that may fail; none: whatever goes wrong."""

    name: Name
    stage: Literal["build", "run"]
    cause: Annotated[str, AfterValidator(lambda text: _matches(text, r"(?s).*\S.*", "a sentence"))]
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, config=_CLOSED)
class Tests:
    """Upstream's tests: the programs that its Makefile, called with `variables`, declares by
    `macro` (its helper_functions.inc: name, sources, headers, inputs) and whose names fit one of
    `names`."""

    variables: dict[Word, str]
    macro: CName = "microlite_test"
    names: tuple[str, ...] = ("*_test*",)
    exception: tuple[TestException, ...] = ()


@dataclass(frozen=True, config=_CLOSED)
class Benchmark:
    """`firmware` prints the timed run, `check` the CRC of each operator's output. `tag` names
    the timed run, `inference` says which inference of the firmware it is, from 0; once a line
    holding `until` was printed `until_count` times, the rest need not be waited for. `model`
    and `inputs` are upstream's files, for TFLM on the host."""

    name: Name
    firmware: Name
    tag: str
    inference: Natural
    until: str
    check: Name
    model: RelativePath
    inputs: tuple[RelativePath, ...]
    until_count: Count = 1


@dataclass(frozen=True, config=_CLOSED)
class Budget:
    """The most cycles a program may run before it counts as hung."""

    test_cycles: Count = 4_000_000_000
    benchmark_cycles: Count = 40_000_000_000


def _share(percent: float) -> float:
    if not 0 <= percent <= 1000:
        raise ValueError("must be a percentage from 0 to 1000")
    return percent


@dataclass(frozen=True, config=_CLOSED)
class Limit:
    """Over the limit is what exceeds the accepted figure, or the anchor's, by more than both."""

    percent: Annotated[float, AfterValidator(_share)] = 0.0
    bytes: Natural = 0


@dataclass(frozen=True, config=_CLOSED)
class ModelGates:
    """A model's own limits in place of the general ones. `layers` maps a layer, "26/CONV_2D", or
    an operator, for all its layers, to a limit in cycles; layers not named there are not gated."""

    cycles: Limit | None = None
    memory: Limit | None = None
    layers: dict[str, Limit] = field(default_factory=dict)


@dataclass(frozen=True, config=_CLOSED)
class Gates:
    """How much worse figures may be. `model` maps the name of a [[benchmark]] to its own."""

    cycles: Limit = Limit(percent=2.0)
    memory: Limit = Limit(percent=1.0, bytes=256)
    model: dict[str, ModelGates] = field(default_factory=dict)

    def cycles_of(self, model: str) -> Limit:
        own = self.model.get(model)
        return (own and own.cycles) or self.cycles

    def memory_of(self, model: str) -> Limit:
        own = self.model.get(model)
        return (own and own.memory) or self.memory

    def layer_of(self, model: str, layer: str) -> Limit | None:
        """The limit of a layer, "26/CONV_2D"; None: it is not gated."""
        own = self.model.get(model)
        named = own.layers if own else {}
        return named.get(layer) or named.get(layer.partition("/")[2])


@dataclass(frozen=True, config=_CLOSED)
class Publish:
    branch: Branch
    repository: str = ""


@dataclass(frozen=True, config=_CLOSED)
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
    firmware: tuple[FirmwareSpec, ...] = ()
    test: Tests | None = None
    benchmark: tuple[Benchmark, ...] = ()
    budget: Budget = Budget()
    gates: Gates = Gates()


@dataclass(frozen=True)
class Port:
    """A port: what its port.toml says, where that lies, and where its state is kept. A `bare` one
    has neither patches nor overrides: what is left is upstream's, in the port's build."""

    file: Path
    root: Path
    toml: PortFile
    bare: bool = False

    @property
    def name(self) -> str:
        return self.toml.port.name

    def needs(self, name: str, path: str) -> bool:
        """Whether a roll needs a file of the repository `name`, by the patterns of its `only`."""
        patterns = {self.toml.upstream.name: self.toml.upstream.only}
        patterns |= {component.name: component.only for component in self.toml.component}
        return not patterns[name] or any(fnmatch(path, pattern) for pattern in patterns[name])

    @property
    def lock_file(self) -> Path:
        return self.file.with_name("sync.lock")

    @property
    def sizes_file(self) -> Path:
        return self.file.with_name("sync.sizes")

    @property
    def state(self) -> Path:
        return self.root / ".sync" / (f"{self.name}-bare" if self.bare else self.name)

    def stripped(self) -> Port:
        """The port without its patches and overrides, and with a state of its own."""
        nowhere = Patches(folder=f".sync/{self.name}-bare/no-patches")
        toml = replace(self.toml, patches=nowhere, override=())
        return replace(self, toml=toml, bare=True)

    def at(self, path: str) -> Path:
        """A path of port.toml on disk.

        Raises:
            SyncError: it resolves (through a symlink) to somewhere outside the port's root.
        """
        full = (self.root / path).resolve()
        if not full.is_relative_to(self.root):
            raise SyncError(
                f"{self.file}: {path} leads outside {self.root}",
                hint="Keep the port's files below its root, without symlinks out of it.",
            )
        return full

    def read(self, path: str) -> bytes:
        """The bytes of a file that port.toml names.

        Raises:
            SyncError: it is not there, cannot be read, or lies outside the root.
        """
        full = self.at(path)
        try:
            return full.read_bytes()
        except OSError as error:
            raise SyncError(
                f"{full}: {error.strerror}", hint=f"{self.file} names it; restore or correct it."
            ) from None


_SCHEMA = TypeAdapter(PortFile)
_HINT = "See the README, 'How a port is described'."


def port_file(folder: Path) -> Path | None:
    """The port.toml of a folder: port/port.toml or port.toml in it; None if there is neither."""
    candidates = (folder / "port" / "port.toml", folder / "port.toml")
    return next((file for file in candidates if file.exists()), None)


def find_port(start: Path) -> Path | None:
    """The port.toml that a command run in `start` means: that of the folder, or of the nearest
    one above that has one; None outside a port."""
    return next(filter(None, map(port_file, (start, *start.parents))), None)


def load_port(file: Path) -> Port:
    """Read a port.toml.

    Raises:
        SyncError: it cannot be read, is no TOML, or says something that is not allowed.
    """
    file = file.resolve()
    data = read_toml(file, hint="Correct it, or name another port with --port FILE.")
    if not data:
        raise SyncError(f"{file} is empty", hint="`sync init` writes a first one; remove this.")
    _rename_from(data)
    _lists(data)
    toml = checked(file, data, _SCHEMA, hint=_HINT)
    root = (file.parent / toml.port.root).resolve()
    if not file.is_relative_to(root):
        raise SyncError(
            f"{file}: port.root = {toml.port.root!r} is {root}, which does not hold port.toml",
            hint="Set port.root to the folder that holds patches/ and port/, usually '..'.",
        )
    problems = list(_cross_check(toml))
    if problems:
        raise SyncError(
            f"{file}: {problems[0]}",
            hint=_HINT,
            detail="\n".join(problems[1:]),
        )
    return Port(file=file, root=root, toml=toml)


def _rename_from(data: Any) -> None:
    # `from` is a Python keyword; in port.toml it is the word people expect.
    tree = data.get("tree") if isinstance(data, dict) else None
    for key in ("array", "own", "template"):
        items = tree.get(key) if isinstance(tree, dict) else None
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and "from" in item:
                item["from_"] = item.pop("from")


def _lists(data: Any) -> None:
    # Where most ports need one, a list of one need not be written as a list.
    components = data.get("component") if isinstance(data, dict) else None
    for item in components if isinstance(components, list) else ():
        for key, kind in (("pin", dict), ("patch", str)):
            if isinstance(item, dict) and isinstance(item.get(key), kind):
                item[key] = [item[key]]


def _cross_check(toml: PortFile) -> Iterator[str]:
    repositories = [toml.upstream.name, *(c.name for c in toml.component)]
    optional = [c.name for c in toml.component if c.optional]
    firmware = {spec.name: spec.kind for spec in toml.firmware}
    for what, names in (
        ("component.name", repositories),
        ("firmware.name", [spec.name for spec in toml.firmware]),
        ("benchmark.name", [spec.name for spec in toml.benchmark]),
        ("test.exception.name", [e.name for e in toml.test.exception] if toml.test else []),
    ):
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield f"{what}: {name!r} stands there twice"
    for override in toml.override:
        if override.component in optional:
            yield (
                f"override.component: {override.component!r} is optional, but "
                f"{override.path} of it is overridden"
            )
        if override.component not in repositories:
            yield (
                f"override.component: {override.component!r} is not one of "
                f"{', '.join(repositories)}"
            )
    for exception in toml.test.exception if toml.test else ():
        if exception.cases and exception.stage == "build":
            yield f"test.exception: {exception.name!r}: a test that is not built has no cases"
    for program in toml.firmware:
        if bool(program.until) != bool(program.expect):
            yield f"firmware.{program.name}: `until` and `expect` go together"
        elif program.expect and program.kind != "example":
            yield f"firmware.{program.name}.expect: only of an example, not of a {program.kind}"
    for spec in toml.benchmark:
        for key, name, kind in (
            ("firmware", spec.firmware, "benchmark"),
            ("check", spec.check, "check"),
        ):
            if firmware.get(name) != kind:
                known = ", ".join(n for n, k in firmware.items() if k == kind) or "none"
                yield (
                    f"benchmark.{spec.name}.{key}: no firmware of kind {kind} is named {name!r} "
                    f"(there is: {known})"
                )
    yield from _check_gates(toml)


def _check_gates(toml: PortFile) -> Iterator[str]:
    models = [spec.name for spec in toml.benchmark]
    counted = {"gates.cycles": toml.gates.cycles}
    for name, own in toml.gates.model.items():
        if name not in models:
            yield f"gates.model: no benchmark is named {name!r} (there is: {', '.join(models)})"
        if own.cycles:
            counted[f"gates.model.{name}.cycles"] = own.cycles
        counted |= {f"gates.model.{name}.layers.{key}": x for key, x in own.layers.items()}
    for key, limit in counted.items():
        if limit.bytes:
            yield f"{key}: takes percent only; bytes are for gates.memory"
