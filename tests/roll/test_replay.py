"""`ci/replay`: a queue along upstream's history, and who is to blame for what stops it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from worlds import ROOT, make_world


def test_a_replay_of_the_miniature(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    mirrors = tmp_path / "mirrors.toml"
    lines = (
        f'"https://miniature.invalid/{name}" = "{world.upstream}/{name}.git"\n'
        for name in ("tflite-micro", "cmsis-nn")
    )
    mirrors.write_text("[mirrors]\n" + "".join(lines))
    before = world.port.file.read_bytes()
    command = [sys.executable, str(ROOT / "ci/replay.py"), "--mirrors", str(mirrors), "--json"]
    command += ["--port", str(world.port.file.parent), "base", "conflict", "shadowed-changed"]
    done = subprocess.run(
        command,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    events = {(e["point"], e["name"].split("/")[-1]): e for e in json.loads(done.stdout)}
    profiler, widen = "0001-profiler-event-count.patch", "0001-widen-four-at-a-time.patch"
    assert [events[n, widen]["verdict"] for n in (1, 2, 3)] == ["clean"] * 3
    stopped = events[2, profiler]
    assert stopped["verdict"] == "conflict"
    assert stopped["blamed"].endswith("(2026-01-10, Profiler: room for twice as many events)")
    assert (3, profiler) not in events  # left out from there on
    drifted = events[3, "arm_nn_mat_mult_nt_t_s8.c"]
    assert drifted["verdict"] == "drifted"
    assert drifted["blamed"].endswith("(2026-01-12, Refuse a product of empty rows)")
    assert world.port.file.read_bytes() == before


def test_a_made_queue(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    mirrors = tmp_path / "mirrors.toml"
    lines = (
        f'"https://miniature.invalid/{name}" = "{world.upstream}/{name}.git"\n'
        for name in ("tflite-micro", "cmsis-nn")
    )
    mirrors.write_text("[mirrors]\n" + "".join(lines))
    command = [sys.executable, str(ROOT / "ci/replay.py"), "--mirrors", str(mirrors), "--json"]
    command += ["--port", str(world.port.file.parent), "--made", "8", "base", "slowdown"]
    done = subprocess.run(
        command,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    events = json.loads(done.stdout)
    first = [event["verdict"] for event in events if event["point"] == 1]
    assert first == ["clean"] * 8  # as they were made
    second = {event["name"]: event["verdict"] for event in events if event["point"] == 2}
    assert second["tflite-micro/0001-conv.patch"] in ("merged", "conflict")  # upstream changed it
    assert sum(name.startswith("cmsis_nn/") for name in second) == 2
