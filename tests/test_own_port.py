"""This repository's own ports: what is committed of them is sound, and quotes nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from syncer.lock import load_lock
from syncer.port import load_port
from syncer.queue.classify import upstream_status
from syncer.queue.mail import check_zero_context
from syncer.queue.resolutions import FOLDER, read_resolutions
from syncer.queue.series import read_series
from syncer.sizes import load_sizes

ROOT = Path(__file__).resolve().parents[1]
PORTS = ("port/port.toml", "ci/miniature/port.toml")


@pytest.mark.parametrize("name", PORTS)
def test_everything_it_names_is_there(name: str) -> None:
    port = load_port(ROOT / name)
    for override in port.toml.override:
        assert port.read(override.source)
    for item in (*port.toml.tree.own, *port.toml.tree.template):
        assert port.at(item.from_).exists(), item.from_
    kinds = [spec.kind for spec in port.toml.firmware]
    assert {"benchmark", "check", "example"} <= set(kinds)
    assert port.toml.test


@pytest.mark.parametrize("name", PORTS)
def test_the_lock_speaks_of_this_port(name: str) -> None:
    port = load_port(ROOT / name)
    lock = load_lock(port.lock_file)
    shadowed = {f"{item.component}:{item.path}": item.shadows for item in port.toml.override}
    assert lock.overrides == shadowed
    names = {port.toml.upstream.name, *(component.name for component in port.toml.component)}
    assert set(lock.commits) == names
    folder, context = port.at(port.toml.patches.folder), port.toml.patches.context
    patches = {f"{n}/{p.file}" for n in names for p in read_series(folder, n, context=context)}
    assert set(lock.carried) == patches | set(shadowed)
    assert lock.anchor.why and set(lock.anchor.figures) == set(lock.figures)
    sizes = load_sizes(port.sizes_file)
    assert {name for name in lock.figures if name.endswith("/flash")} == {
        f"{program}/flash" for program in sizes
    }
    # Overrides are layers' kernels; some of other models than the benchmarks run.
    ours = {kernel for text in lock.kernels.values() for kernel in text.split() if "*" in kernel}
    assert {x[:-1] for x in ours} <= {Path(item.path).stem for item in port.toml.override}
    assert len(ours) >= 3
    for benchmark in port.toml.benchmark:
        for figure in ("cycles", "arena", "flash", "ram"):
            assert lock.figures[f"{benchmark.name}/{figure}"] > 0


def test_the_queue_holds_only_our_own_lines() -> None:
    """Patches against other people's files are stored without a line of theirs."""
    port = load_port(ROOT / "port/port.toml")
    assert port.toml.patches.context == 0
    folders = [path.name for path in (ROOT / "patches").iterdir() if path.is_dir()]
    folders = [name for name in folders if name != FOLDER]
    assert folders
    for component in folders:
        patches = read_series(ROOT / "patches", component, context=0)
        assert patches
        for patch in patches:
            check_zero_context(patch)
            assert upstream_status(patch)
            body = patch.text[patch.text.index("diff --git") :]
            assert not [line for line in body.splitlines() if line[:1] == " "]


def test_the_resolutions_hold_only_our_own_lines() -> None:
    port = load_port(ROOT / "port/port.toml")
    names = {port.toml.upstream.name, *(component.name for component in port.toml.component)}
    found = [r for name in names for r in read_resolutions([ROOT / "patches" / FOLDER], name)]
    assert len(found) == len([p for p in (ROOT / "patches" / FOLDER).rglob("*") if p.is_file()])
    for resolution in found:
        for diff in resolution.diffs:
            assert diff.binary is None or diff.old_path is None
            for hunk in diff.hunks:
                assert not hunk.section
                assert all(line[:1] == b"+" for line in hunk.lines)


def test_the_real_roll_is_skipped_where_upstream_cannot_be_reached(tmp_path: Path) -> None:
    lines = [
        f'"{component.url}" = "{tmp_path}/none"\n'
        for component in (
            load_port(ROOT / "port/port.toml").toml.upstream,
            *load_port(ROOT / "port/port.toml").toml.component,
        )
    ]
    (tmp_path / "mirrors.toml").write_text("[mirrors]\n" + "".join(lines))
    done = subprocess.run(
        [sys.executable, str(ROOT / "ci/real.py"), "--mirrors", str(tmp_path / "mirrors.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 77
    assert done.stdout.startswith("skipped: ")
    assert "passed" not in done.stdout
