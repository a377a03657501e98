"""This roll's figures beside the accepted ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncer.bench.gate import LAYER, most
from syncer.model import BenchResult, BuildResult, Figure
from syncer.port import Gates, Limit


def figures(
    results: Iterable[BenchResult],
    build: BuildResult | None,
    accepted: Mapping[str, int],
    gates: Gates,
) -> tuple[Figure, ...]:
    """Every deterministic figure of a roll, with its limit where there is an accepted one.

    Names, units and gates, for a benchmark ``person_detection`` and an example ``hello_world``:

    - ``person_detection/cycles``: cycles, `gates.cycles`. A board that only counts time gives
      ``person_detection/ticks`` in its place: us, the same gate.
    - ``person_detection/arena``, ``/flash``, ``/ram``: bytes, `gates.memory`.
    - ``person_detection/layer/<index>/<operator>``: cycles, not gated.
    - ``hello_world/flash``, ``/ram``: bytes, `gates.memory`; ``hello_world@<board>/…`` when more
      than one board is built. Of the programs only examples: benchmarks have theirs above, and
      tests and checks are not shipped.

    A first roll has nothing accepted, so it gates nothing.
    """
    found = list[Figure]()

    def add(name: str, unit: str, new: int | None, limit: Limit | None) -> None:
        if new is not None:
            old = accepted.get(name)
            top = None if limit is None or old is None else most(old, limit)
            found.append(Figure(name, unit, new, old, top))

    for result in results:
        if result.cycles is not None:
            add(f"{result.name}/cycles", "cycles", result.cycles, gates.cycles)
        else:
            add(f"{result.name}/ticks", "us", result.ticks, gates.cycles)
        add(f"{result.name}/arena", "bytes", result.arena, gates.memory)
        add(f"{result.name}/flash", "bytes", result.flash, gates.memory)
        add(f"{result.name}/ram", "bytes", result.ram, gates.memory)
        for layer in result.layers:
            name = f"{result.name}{LAYER}{layer.index}/{layer.op}"
            add(name, "cycles", layer.cycles, None)
    examples = [f for f in (build.firmware if build else ()) if f.kind == "example"]
    boards = {firmware.board for firmware in examples}
    for firmware in examples:
        name = firmware.name if len(boards) == 1 else f"{firmware.name}@{firmware.board}"
        add(f"{name}/flash", "bytes", firmware.flash, gates.memory)
        add(f"{name}/ram", "bytes", firmware.ram, gates.memory)
    return tuple(found)
