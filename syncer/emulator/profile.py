"""The profiler: where the cycles of both cores go, by function and its callers, by regions that the
firmware marks, and over time.

A firmware marks regions by two functions of its own, which do nothing on a board:

    __attribute__((noinline)) void syncer_region_begin(const char *name) { __asm__(""); }
    __attribute__((noinline)) void syncer_region_end(void) { __asm__(""); }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from syncer.emulator import symbols
from syncer.emulator.machine import Machine
from syncer.errors import Exit, SyncError

REGION_BEGIN = "syncer_region_begin"
REGION_END = "syncer_region_end"
_LONGEST_NAME = 64
UNKNOWN = "(no symbol)"


@dataclass(frozen=True)
class Cost:
    """What something cost a core: `struct Cost` in core/api.h. Cycles are clk_sys; the stalls and
    sio are part of `cycles`, idle is not."""

    cycles: int = 0
    instructions: int = 0
    fill: int = 0
    port: int = 0
    bank: int = 0
    sio: int = 0
    idle: int = 0
    xip_accesses: int = 0
    xip_misses: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)))


@dataclass(frozen=True)
class Node:
    """A function in the tree of a core's calls; `cost` is its own, without its callees'."""

    name: str
    core: int
    parent: int  # an index into Profile.nodes; the cores are their own parents
    calls: int
    cost: Cost


@dataclass(frozen=True)
class Region:
    name: str
    core: int
    count: int
    cost: Cost  # with all that was called in it


@dataclass(frozen=True)
class Stretch:
    """A stretch of a core's time: cycles, and the function that had most of them."""

    busy: int
    stalled: int
    waiting: int
    idle: int
    function: str


@dataclass(frozen=True)
class Profile:
    """Attributes:
    nodes: each after its parent; the first two are the cores.
    regions: in the order of their first ends.
    timeline: of each core, stretches of `stretch_cycles`.
    """

    nodes: tuple[Node, ...]
    regions: tuple[Region, ...]
    timeline: tuple[tuple[Stretch, ...], tuple[Stretch, ...]]
    stretch_cycles: int

    def by_function(self, core: int) -> dict[str, tuple[int, Cost]]:
        """Calls and own cost of each function that the core ran, the dearest first."""
        found: dict[str, tuple[int, Cost]] = {}
        for node in self.nodes[2:]:
            if node.core == core:
                calls, cost = found.get(node.name, (0, Cost()))
                found[node.name] = (calls + node.calls, cost + node.cost)
        return dict(sorted(found.items(), key=lambda item: (-item[1][1].cycles, item[0])))

    def total(self, core: int) -> Cost:
        return sum((node.cost for node in self.nodes if node.core == core), Cost())

    def stacks(self) -> Iterator[tuple[tuple[str, ...], Cost]]:
        """Each place in the tree as the names from its core down to it, with its own cost."""
        paths: list[tuple[str, ...]] = []
        for index, node in enumerate(self.nodes):
            above = paths[node.parent] if index >= 2 else ()
            paths.append((*above, node.name))
            if index >= 2:
                yield paths[-1], node.cost


class Profiler:
    """Profiles a machine, from when it is made on. The runs are slower; those with exact
    timing come to the same cycles.

    Raises:
        SyncError: the host has no memory for it.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._functions = symbols.read(machine.elf).functions
        known = {function.name: function.start for function in self._functions}
        ffi, lib, m = machine.core
        started = lib.machine_profile(
            m,
            ffi.new("uint32_t[]", [function.start for function in self._functions]),
            ffi.new("uint32_t[]", [function.end for function in self._functions]),
            len(self._functions),
            known.get(REGION_BEGIN, 0),
            known.get(REGION_END, 0),
        )
        if not started:
            raise SyncError("the host has no memory for a profile", exit=Exit.ENVIRONMENT)

    def result(self) -> Profile:
        """What has been seen until now."""
        ffi, lib, m = self._machine.core
        count = lib.machine_nodes(m, ffi.NULL, 0)
        tree = ffi.new("struct Node[]", count)
        lib.machine_nodes(m, tree, count)
        nodes = [
            Node(
                f"core {i}" if i < 2 else self._name(tree[i].function),
                tree[i].core,
                tree[i].parent,
                tree[i].calls,
                _cost(tree[i].cost),
            )
            for i in range(count)
        ]
        count = lib.machine_regions(m, ffi.NULL, 0)
        regions = ffi.new("struct MarkedRegion[]", max(count, 1))
        lib.machine_regions(m, regions, count)
        marked = [
            Region(self._text(r.name), r.core, r.count, _cost(r.cost))
            for r in (regions[i] for i in range(count))
        ]
        return Profile(
            tuple(nodes),
            tuple(marked),
            (self._timeline(0), self._timeline(1)),
            lib.machine_bucket_cycles(m),
        )

    def _timeline(self, core: int) -> tuple[Stretch, ...]:
        ffi, lib, m = self._machine.core
        count = lib.machine_timeline(m, core, ffi.NULL, 0)
        buckets = ffi.new("struct Bucket[]", max(count, 1))
        lib.machine_timeline(m, core, buckets, count)
        return tuple(
            Stretch(b.busy, b.stalled, b.waiting, b.idle, self._name(b.function))
            for b in (buckets[i] for i in range(count))
        )

    def _name(self, function: int) -> str:
        return self._functions[function - 1].name if function else UNKNOWN

    def _text(self, address: int) -> str:
        """A C string in the machine's memory."""
        text = b""
        try:
            while len(text) < _LONGEST_NAME and not text.endswith(b"\0"):
                text += self._machine.read(address + len(text), 1)
        except SyncError:
            return f"0x{address:08x}"
        return text.rstrip(b"\0").decode("utf-8", "replace")


def _cost(values: object) -> Cost:
    return Cost(*(int(getattr(values, field.name)) for field in fields(Cost)))
