"""What benches measure rolls on: a port's copy, the miniature upstream, and `sync` run on them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from syncer.build.tools import find_sdk
from syncer.port import load_port

ROOT = Path(__file__).resolve().parents[2]
MINIATURE = (
    "ci/miniature/port.toml",
    "ci/miniature/sync.lock",
    "ci/miniature/patches",
    "port/rp2040",
    "port/templates",
)
REAL = ("port", "patches")


def copy_port(parts: Collection[str], folder: Path) -> Path:
    """Copy what a port consists of; nothing of its state comes along."""
    for part in parts:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    return folder


def miniature(folder: Path) -> tuple[Path, Path]:
    """The miniature's port in `folder`/port and its upstream beside it; (port.toml, mirrors)."""
    copy_port(MINIATURE, folder / "port")
    history = [sys.executable, str(ROOT / "ci/miniature/history.py"), str(folder / "upstream")]
    subprocess.run(history, check=True, stdout=subprocess.DEVNULL)
    table = folder / "mirrors.toml"
    lines = (
        f'"https://miniature.invalid/{name}" = "upstream/{name}.git"\n'
        for name in ("tflite-micro", "cmsis-nn")
    )
    table.write_text("[mirrors]\n" + "".join(lines))
    return folder / "port/ci/miniature/port.toml", table


def sync(
    port: Path, mirrors: Path | None, folder: Path, *options: str, own_caches: bool = True
) -> tuple[float, Mapping[str, Any]]:
    """Run `sync roll`, a process of its own as for a user; with `own_caches` those in `folder` and
    none of the user's. Ends the bench where the roll does not end well.

    Returns:
        Seconds by the wall's clock, and the status document.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / "status.json"
    command = [sys.executable, "-m", "syncer", "roll", "--port", str(port), "--json", str(document)]
    command += ["--mirrors", str(mirrors)] if mirrors else []
    environment = dict(os.environ)
    if own_caches:
        sdk = load_port(port).toml.build.sdk
        if sdk:
            environment[sdk.variable] = str(find_sdk(sdk))
        environment["XDG_CACHE_HOME"] = str(folder / "cache")
        environment["CCACHE_DIR"] = str(folder / "ccache")
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"sync roll ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return seconds, json.loads(document.read_text())
