"""How long rolls take: up to date, after a small change; and the tree beside upstream's script.

    ci/bench roll [--json] [--mirrors FILE] [--only miniature|tree|real] [--folder DIR]

On the miniature, with caches of its own that are empty at first, ccache's too: the first roll
compiles everything, the second what changed, and ninja asks no launcher for what did not.

    first_s             the first roll: clones, tree, build for both boards, tests, benchmarks
    up_to_date_s        the same roll once more, which finds nothing to do (aim: under 1 s)
    reroll_s            a roll after upstream changed one source, a message of the interpreter's:
                        everything is linked, and what has an interpreter run again
    reroll_ratio        reroll_s / first_s (aim: under 0.2)

Where real TensorFlow Lite Micro is at hand through the mirrors (else null, and tree_skipped says
why), our tree stage and upstream's create_tflm_tree.py on the same commit, each with every download
in place and without a network; upstream's with the options of the Pico port's own sync script:

    tree_first_s, upstream_first_s, tree_first_ratio
                        the first time: ours from bare clones, upstream's in a fresh checkout
    tree_s, upstream_s, tree_ratio
                        once more after one source changed (aim: 100)
    tree_files, upstream_files
                        how many files the trees hold; ours has upstream's tests too

And where this port's last roll on it still holds (else null, and real_skipped says why):

    real_up_to_date_s   a roll that finds nothing to do (aim: under 1 s)
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any, TypeVar

from _world import REAL, ROOT, copy_port, miniature, sync

from syncer import foreign, stages
from syncer.components import chosen, load_mirrors, repository, resolve, sources
from syncer.errors import Exit, SyncError
from syncer.git import Repository, ls_remote
from syncer.journal import Journal
from syncer.lock import load_lock
from syncer.model import Verdict
from syncer.port import load_port
from syncer.tree.generate import generate

MICRO = "tensorflow/lite/micro"
SCRIPT = f"{MICRO}/tools/project_generation/create_tflm_tree.py"
EXAMPLES = ("hello_world", "micro_speech", "person_detection")
OPTIONS = "TARGET=cortex_m_generic OPTIMIZED_KERNEL_DIR=cmsis_nn TARGET_ARCH=project_generation"
SOURCE = f"{MICRO}/micro_interpreter.cc"
MESSAGE = (b"Input index %d out of range", b"Input number %d out of range")

Figures = dict[str, Any]
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def changed(data: bytes) -> bytes:
    """A source of upstream's with another message."""
    if data.count(MESSAGE[0]) != 1:
        sys.exit(f"{SOURCE} does not hold {MESSAGE[0]!r} once: mend ci/benches/roll.py")
    return data.replace(*MESSAGE)


def with_change(repo: Repository, tree: str) -> str:
    blob = repo.blob(repo.rev_parse(f"{tree}:{SOURCE}", "blob"))
    return repo.write_tree(tree, {SOURCE: ("100644", repo.write_blob(changed(blob)))})


def on_the_miniature(folder: Path) -> Figures:
    port, mirrors = miniature(folder)
    upstream = Repository(folder / "upstream/tflite-micro.git")
    first, _ = sync(port, mirrors, folder)
    again, document = sync(port, mirrors, folder)
    if document["verdict"] != Verdict.UP_TO_DATE:
        sys.exit(f"a roll that should find nothing to do ended as {document['verdict']}")
    head = upstream.rev_parse("refs/heads/main")
    made = upstream.commit_tree(with_change(upstream, head), [head], "Another message")
    upstream.run(["update-ref", "refs/heads/main", made])
    after, document = sync(port, mirrors, folder)
    if kept := [s["name"] for s in document["stages"] if s["cached"] and s["name"] != "test"]:
        sys.exit(f"a roll after a change took {kept[0]} from the one before")
    return {
        "first_s": first,
        "up_to_date_s": again,
        "reroll_s": after,
        "reroll_ratio": after / first,
    }


TREE_KEYS = (
    *("tree_first_s", "upstream_first_s", "tree_first_ratio"),
    *("tree_s", "upstream_s", "tree_ratio", "tree_files", "upstream_files"),
)


def of_the_tree(folder: Path, mirrors: Path | None) -> Figures:
    port = load_port(copy_port(REAL, folder / "port") / "port/port.toml")
    found, lock = sources(port, load_mirrors(mirrors)), load_lock(port.lock_file)
    try:
        resolved = resolve(port, lock, found, None)
    except SyncError as error:
        if error.exit is not Exit.ENVIRONMENT:
            raise
        return {**dict.fromkeys(TREE_KEYS), "tree_skipped": error.message}
    repos = {name: repository(source) for name, source in chosen(found, resolved).items()}
    rebased = stages.rebase(port, resolved, lock, repos)
    work = folder / "work"
    first, tree = timed(lambda: generate(port, resolved, rebased, repos, work))
    checkout, made = folder / "checkout", folder / "upstream"
    copytree(work / "checkout", checkout, symlinks=True)
    upstream_first = upstreams_script(checkout, made / "first")

    name = port.toml.upstream.name
    trees = {**rebased.trees, name: with_change(repos[name], rebased.trees[name])}
    after = replace(rebased, trees=trees)
    again, other = timed(lambda: generate(port, resolved, after, repos, work))
    if other.digest == tree.digest:
        sys.exit("the tree of a changed upstream is the same")
    source = checkout / SOURCE
    source.write_bytes(changed(source.read_bytes()))
    upstream_again = upstreams_script(checkout, made / "again")
    return {
        "tree_first_s": first,
        "upstream_first_s": upstream_first,
        "tree_first_ratio": upstream_first / first,
        "tree_s": again,
        "upstream_s": upstream_again,
        "tree_ratio": upstream_again / again,
        "tree_files": other.files,
        "upstream_files": sum(1 for path in (made / "again").rglob("*") if path.is_file()),
        "tree_skipped": None,
    }


def upstreams_script(checkout: Path, out: Path) -> float:
    """Seconds that upstream's script takes, confined as everything of upstream's."""
    python = Path(sys.executable)
    command = [str(python), SCRIPT, *(part for name in EXAMPLES for part in ("-e", name))]
    command += [f"--makefile_options={OPTIONS}", str(out)]
    readable = (checkout, *foreign.installation(python), python.parents[1])
    room = foreign.Room(checkout, writable=(checkout, out), readable=readable)
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    seconds, done = timed(
        lambda: foreign.run(command, room, seconds=3600, environment={"PATH": path})
    )
    if done.status or done.late:
        sys.exit(f"{SCRIPT} ended with {done.status}\n{done.err[-2000:]}")
    return seconds


def of_the_real_port(folder: Path, mirrors: Path | None) -> Figures:
    skipped = what_changed(mirrors)
    if not skipped:
        seconds, document = sync(ROOT / "port/port.toml", mirrors, folder, own_caches=False)
        if document["verdict"] == Verdict.UP_TO_DATE:
            return {"real_up_to_date_s": seconds, "real_skipped": None}
        skipped = "the port's last roll no longer held; now it does"
    return {"real_up_to_date_s": None, "real_skipped": skipped}


def what_changed(mirrors: Path | None) -> str:
    """Why a roll of this repository's port would have something to do, as far as that can be told
    without one; empty if nothing speaks for it."""
    port = load_port(ROOT / "port/port.toml")
    last = Journal(port.state).last_roll()
    if last is None or last.verdict not in (Verdict.PASSED, Verdict.UP_TO_DATE):
        return "no roll of the port has passed here"
    source = sources(port, load_mirrors(mirrors))[port.toml.upstream.name]
    branch = f"refs/heads/{port.toml.upstream.branch}"
    try:
        head = ls_remote(source.place, branch).get(branch)
    except SyncError as error:
        return error.message
    if last.resolved is None or head != last.resolved.upstream.commit:
        return "upstream has moved since the port's last roll"
    ended = (port.state / "status.json").stat().st_mtime
    parts = [ROOT / part for part in ("syncer", *REAL)]
    files = (path for part in parts for path in part.rglob("*") if path.is_file())
    newer = [p for p in files if p.stat().st_mtime > ended and p.suffix != ".pyc"]
    return f"{newer[0].relative_to(ROOT)} has changed since the port's last roll" if newer else ""


def show(found: Figures) -> None:
    for name, value in found.items():
        shown = "–" if value is None else f"{value:.3f}" if isinstance(value, float) else value
        if not name.endswith("_skipped"):
            print(f"{name:20} {shown}")
        elif value:
            print(f"{name:20} skipped: {value}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench roll",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one flat object")
    parser.add_argument(
        "--mirrors",
        type=Path,
        default=os.environ.get("SYNC_MIRRORS"),
        help="table of URL -> mirror (default: the one SYNC_MIRRORS names)",
    )
    parser.add_argument("--only", choices=("miniature", "tree", "real"))
    parser.add_argument("--folder", type=Path, help="where to work, and to leave what was made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sync-bench-") as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        found: Figures = {}
        if options.only in (None, "miniature"):
            found |= on_the_miniature(folder / "miniature")
        if options.only in (None, "tree"):
            found |= of_the_tree(folder / "tree", options.mirrors)
        if options.only in (None, "real"):
            found |= of_the_real_port(folder / "real", options.mirrors)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
