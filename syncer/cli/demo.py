"""sync demo: a whole roll on the miniature upstream, in a copy of the miniature's port."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import click

from syncer.cli.console import sandbox_option
from syncer.cli.roll import show
from syncer.components import load_mirrors
from syncer.errors import Exit, SyncError
from syncer.files import cache_folder
from syncer.pipeline import Order, roll
from syncer.port import load_port

# What the miniature's port.toml names, relative to the repository's root.
_PORT: tuple[str, ...] = (
    "ci/miniature/port.toml",
    "ci/miniature/sync.lock",
    "ci/miniature/sync.sizes",
    "ci/miniature/patches",
    "port/rp2040",
)
_PORT += ("port/templates",)


@click.command()
@click.option("--upstream", metavar="REF", help="Tag or branch of the miniature (default: main).")
@click.option("--folder", metavar="DIR", help="Where to work (default: in the user's cache).")
@sandbox_option
@click.option("-v", "--verbose", is_flag=True, help="Say more while it runs.")
def command(upstream: str | None, folder: str | None, sandbox: str, verbose: bool) -> int:
    """Roll the miniature port: nothing is needed but the toolchain, and nothing is sent."""
    here = _checkout()
    work = Path(folder).resolve() if folder else cache_folder() / "demo"
    mirrors = _histories(here, work)
    port_folder = work / "port"
    for name in _PORT:
        _refresh(here / name, port_folder / name)
    port = load_port(port_folder / "ci" / "miniature" / "port.toml")
    click.echo(f"The miniature's port, copied to {port_folder}")
    order = Order(upstream, mirrors=load_mirrors(mirrors), cache=work, sandbox=sandbox)
    return show(port, lambda watch: roll(port, order, watch), verbose=verbose)


def _checkout() -> Path:
    here = Path(__file__).resolve().parents[2]
    if not (here / "ci" / "miniature" / "history.py").is_file():
        raise SyncError(
            f"the demo needs a clone of the repository; {here} has no ci/miniature",
            hint="Clone it and run ci/demo there.",
        )
    return here


def _histories(here: Path, work: Path) -> Path:
    """Make the miniature's repositories, unless they stand for these very sources; the mirrors
    table that leads to them."""
    source = here / "ci" / "miniature"
    digest = hashlib.sha256()
    for path in sorted(
        p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts
    ):
        digest.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes())
    folder = work / f"upstream-{digest.hexdigest()[:16]}"
    if not (folder / "mirrors.toml").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        done = subprocess.run(
            [sys.executable, str(source / "history.py"), str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SyncError(
                "the miniature's history could not be made",
                hint="Set this machine up with ci/setup.",
                exit=Exit.ENVIRONMENT,
                detail="\n".join(done.stderr.splitlines()[-8:]),
            )
        (folder / "mirrors.toml").write_text(
            "[mirrors]\n"
            '"https://miniature.invalid/tflite-micro" = "tflite-micro.git"\n'
            '"https://miniature.invalid/cmsis-nn" = "cmsis-nn.git"\n'
        )
    return folder / "mirrors.toml"


def _refresh(source: Path, target: Path) -> None:
    """Make `target` equal `source`, leaving what is equal alone."""
    if source.is_dir():
        wanted = {p.relative_to(source) for p in source.rglob("*") if p.is_file()}
        have = {p.relative_to(target) for p in target.rglob("*") if p.is_file()}
        for extra in have - wanted:
            (target / extra).unlink()
        for path in wanted:
            _refresh(source / path, target / path)
    elif source.is_file():
        data = source.read_bytes()
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    else:
        target.unlink(missing_ok=True)
