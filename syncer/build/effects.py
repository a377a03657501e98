"""What became of the port's changes in the build: compiled, linked, or displaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from syncer import model
from syncer.build.linked import Program, compiled, exported_names, read_program
from syncer.model import Changed, Effect, Firmware

# Programs whose figures or outputs a roll stands on: all of a change's functions must be its own
# there. A test may replace one for its purpose, as long as another program has the change's.
_WHOLE = ("benchmark", "check", "example")


@dataclass(frozen=True)
class _Build:
    objects: Mapping[Path, tuple[str, ...]]
    program: Callable[[str], Program]


def effects(
    changed: Sequence[Changed],
    tree: Path,
    out: Path,
    ninja: str,
    programs: Sequence[Firmware],
    declared: Sequence[model.Program],
) -> tuple[Effect, ...]:
    """Follow each changed source or header that is in the tree through the build in `out`.

    Args:
        programs: those built for the board that programs are run on.
        declared: what they are made of. A program's own sources are looked for in that
            program only; the library's in every program that is run.

    Raises:
        SyncError: (BUILD) the build cannot be read, or has no debug information.
    """
    paths = {firmware.name: Path(firmware.elf) for firmware in programs}
    build = _Build(compiled(ninja, out, tree), cache(lambda name: read_program(paths[name], tree)))
    order = sorted(programs, key=lambda firmware: firmware.kind not in _WHOLE)
    found = []
    for item in changed:
        if item.code:
            own = [program.name for program in declared if item.place in program.sources]
            mine = [f for f in order if f.name in own or (not own and f.kind != "example")]
            found.append(_effect(item, build, mine))
    return tuple(found)


def _effect(item: Changed, build: _Build, programs: Sequence[Firmware]) -> Effect:
    objects = [path for path, files in build.objects.items() if item.place in files]
    sources = {build.objects[path][0] for path in objects}
    functions, data = set[str](), set[str]()
    for path in objects:
        if build.objects[path][0] == item.place:
            exported = exported_names(path)
            functions |= exported[0]
            data |= exported[1]
    holding: list[str] = []
    had, displaced = set[str](), list[tuple[str, str]]()
    for firmware in programs:
        whole = firmware.kind in _WHOLE
        if holding and not whole:
            break  # they come last, and one program that holds it is enough
        program = build.program(firmware.name)
        if program.sources & sources or (data & program.data and not functions):
            holding.append(firmware.name)
        mine = {f.name for f in program.functions if f.source == item.place}
        had |= mine
        for other in program.functions:
            if other.exported and other.name in functions - mine:
                text = f"{other.name} in {firmware.name} comes from {other.source or 'elsewhere'}"
                displaced.append(("" if whole else other.name, text))
    return Effect(
        component=item.component,
        path=item.path,
        by=item.by,
        place=item.place,
        override=item.override,
        objects=len(objects),
        programs=tuple(holding),
        functions=tuple(sorted(functions)),
        displaced=tuple(text for name, text in displaced if name not in had),
    )
