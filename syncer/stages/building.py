"""The programs, what became of the port's changes in them, and what they take."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from syncer import foreign
from syncer.bench.compare import examples
from syncer.build.effects import effects
from syncer.build.regions import check_regions
from syncer.build.run import build as build_tree
from syncer.build.symbols import program_sizes
from syncer.build.tools import Toolset
from syncer.durable import write_whole
from syncer.git import Repository
from syncer.model import BuildResult, Firmware, Origin, Rebased, Resolved, TreeResult
from syncer.port import Port
from syncer.sizes import sizes_text
from syncer.stages.lost import changed_paths


def build(
    port: Port,
    toolset: Toolset,
    resolved: Resolved,
    rebased: Rebased,
    tree: TreeResult,
    repositories: Mapping[str, Repository],
    folder: Path,
    say: Callable[[str], None],
    sandbox: foreign.Sandbox | None = None,
) -> BuildResult:
    """Build the tree in `folder`, and read from the build where the port's changes ended up and
    what each program takes. `sandbox` as for `syncer.build.build`."""
    done = build_tree(port, toolset, Path(tree.path), folder, tree.programs, say, sandbox)
    board = port.toml.build.boards[0]
    tests = {program.name for program in tree.programs if program.origin is Origin.UPSTREAM}
    here = [f for f in done.firmware if f.board == board and f.name not in tests]
    maps = check_regions(port.toml.region, here)
    found = effects(
        changed_paths(port, resolved, rebased, repositories),
        Path(tree.path),
        folder / board,
        next(tool.path for tool in done.tools if tool.name == "ninja"),
        [firmware for firmware in done.firmware if firmware.board == board],
        tree.programs,
    )
    text = sizes_text({n: program_sizes(f) for n, f in _gated(port, done).items()}).encode()
    # Named by what it says: a result never speaks of another build's sizes. Beside the build, so
    # that they can be accepted when that has been removed.
    sizes = folder.with_name("sizes") / f"{hashlib.sha256(text).hexdigest()[:16]}.txt"
    shutil.rmtree(sizes.parent, ignore_errors=True)
    write_whole(sizes, text)
    return replace(done, effects=found, sizes=str(sizes), maps=maps)


def _gated(port: Port, built: BuildResult) -> dict[str, Firmware]:
    """The programs whose sizes are figures, by the names that those have."""
    here = {f.name: f for f in built.firmware if f.board == port.toml.build.boards[0]}
    models = {spec.name: here[spec.firmware] for spec in port.toml.benchmark}
    return models | examples(built.firmware)
