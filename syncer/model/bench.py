"""What was measured, and how it stands to the gates."""

from __future__ import annotations

from dataclasses import dataclass

from syncer.model.protection import Protection
from syncer.model.verdict import Verdict


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
