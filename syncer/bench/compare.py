"""This roll's figures beside the accepted ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncer.bench.gate import LAYER, figure
from syncer.model import BenchResult, BuildResult, Figure, Firmware
from syncer.port import Gates, Limit


def figures(
    results: Iterable[BenchResult],
    build: BuildResult | None,
    accepted: Mapping[str, int],
    gates: Gates,
    anchor: Mapping[str, int] | None = None,
) -> tuple[Figure, ...]:
    """Every deterministic figure of a roll, with its limit where there is an accepted one or one
    of the anchor's.

    Names, units and gates, for a benchmark ``person_detection`` and an example ``hello_world``:

    - ``person_detection/cycles``: cycles, `gates.cycles` or the model's own. A board that only
      counts time gives ``person_detection/ticks`` in its place: us, not gated, since no two runs
      need take the same.
    - ``person_detection/arena``, ``/flash``, ``/ram``: bytes, `gates.memory` or the model's own.
    - ``person_detection/layer/<index>/<operator>``: cycles, gated where the model's `layers` say.
    - ``hello_world/flash``, ``/ram``: bytes, `gates.memory`; ``hello_world@<board>/…`` when more
      than one board is built. Of the programs only examples: benchmarks have theirs above, and
      tests and checks are not shipped.

    A first roll has nothing accepted, so it gates nothing.
    """
    found = list[Figure]()

    def add(name: str, unit: str, new: int | None, limit: Limit | None) -> None:
        if new is not None:
            held = (anchor or {}).get(name)
            found.append(figure(name, unit, new, accepted.get(name), held, limit))

    for result in results:
        cycles, memory = gates.cycles_of(result.name), gates.memory_of(result.name)
        if result.cycles is not None:
            add(f"{result.name}/cycles", "cycles", result.cycles, cycles)
        else:
            add(f"{result.name}/ticks", "us", result.ticks, None)
        add(f"{result.name}/arena", "bytes", result.arena, memory)
        add(f"{result.name}/flash", "bytes", result.flash, memory)
        add(f"{result.name}/ram", "bytes", result.ram, memory)
        for layer in result.layers:
            place = f"{layer.index}/{layer.op}"
            limit = gates.layer_of(result.name, place)
            add(f"{result.name}{LAYER}{place}", "cycles", layer.cycles, limit)
    for name, firmware in examples(build.firmware if build else ()).items():
        add(f"{name}/flash", "bytes", firmware.flash, gates.memory)
        add(f"{name}/ram", "bytes", firmware.ram, gates.memory)
    return tuple(found)


def examples(firmware: Iterable[Firmware]) -> dict[str, Firmware]:
    """The examples by the name that figures have them under."""
    found = [item for item in firmware if item.kind == "example"]
    one = len({item.board for item in found}) == 1
    return {item.name if one else f"{item.name}@{item.board}": item for item in found}
