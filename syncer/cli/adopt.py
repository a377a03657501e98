"""sync adopt: a port out of an edited tree that has no recorded base."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import click
import tomli_w
from rich.console import Console
from rich.text import Text

from syncer.cli.console import Watch, sandbox_option
from syncer.cli.init import first_port
from syncer.cli.roll import mirrors_option, verbose_option
from syncer.components import load_mirrors
from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.files import read_toml, writing
from syncer.git import init_bare
from syncer.pipeline import Order
from syncer.pipeline.adopting import Adopted, adopt, as_json
from syncer.port import load_port, port_file
from syncer.queue.fork import read_fork
from syncer.report.neutral import one_line
from syncer.report.numbers import plural

_UPSTREAM = "https://github.com/tensorflow/tflite-micro"
# What another port's port.toml says that a fork of the same upstream shares.
_SHARED = {
    "upstream": None,
    "component": None,
    "build": None,
    "tree": ("makefile", "downloads", "goals", "variables", "placeholders", "expected_output"),
}


@click.command()
@click.argument("fork", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--into", metavar="DIR", help="Where the port goes (default: FORK's name + -port).")
@click.option("--ref", metavar="REV", help="Which commit of the fork (default: HEAD).")
@click.option("--upstream", metavar="URL", help=f"What it was made from (default: {_UPSTREAM}).")
@click.option("--branch", metavar="NAME", help="Upstream's branch (default: main).")
@click.option(
    "--like",
    metavar="PATH",
    help="A port.toml of the same upstream, whose components and way to ask its Makefile to take.",
)
@click.option("--name", help="The port's name (default: the folder's).")
@click.option(
    "--until",
    type=click.Choice(["rebase", "tree"]),
    default="tree",
    show_default=True,
    help="How far the proving roll goes.",
)
@mirrors_option
@sandbox_option
@verbose_option
def command(
    fork: Path,
    into: str | None,
    ref: str | None,
    upstream: str | None,
    branch: str | None,
    like: str | None,
    name: str | None,
    until: str,
    mirrors: str | None,
    sandbox: str,
    verbose: bool,
) -> int:
    """Make a port of FORK, a tree (a folder, or a repository) that was edited in place.

    Finds the upstream commit that shares most files with it, and where each file came from; makes
    patches of the edits, overrides of files that are mostly the fork's, and keeps its own files;
    writes port.toml and sync.lock; and rolls to that commit to prove that the fork comes out again.
    What does not is listed. FORK is not changed."""
    fork = fork.resolve()
    folder = Path(into).resolve() if into else Path.cwd() / f"{fork.name.removesuffix('.git')}-port"
    if folder.is_relative_to(fork):
        raise SyncError(
            f"{folder} lies in the fork", hint="Name a folder outside of it with --into."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SyncError(f"{folder} is not empty", hint="Name an empty or a new one with --into.")
    name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._") or "port"
    files = _first(name, upstream, branch, like)
    order = Order(
        until=until, mirrors=load_mirrors(Path(mirrors) if mirrors else None), sandbox=sandbox
    )
    with tempfile.TemporaryDirectory(prefix="syncer-") as scratch, Watch(verbose=verbose) as watch:
        tree = read_fork(fork, ref, init_bare(Path(scratch) / "fork.git"))
        try:
            for path, data in files.items():
                with writing(folder / path):
                    write_whole(folder / path, data)
            adopted = adopt(load_port(folder / "port" / "port.toml"), tree, order, watch)
        except SyncError:
            if not (folder / "port" / "sync.lock").exists():  # nothing of use yet
                shutil.rmtree(folder, ignore_errors=True)
            raise
    write_whole(
        folder / "port" / "adopted.json", (json.dumps(as_json(adopted), indent=2) + "\n").encode()
    )
    _show(adopted, folder, len(tree.files))
    return Exit.OK


def _first(
    name: str, upstream: str | None, branch: str | None, like: str | None
) -> dict[str, bytes]:
    """The first port.toml and what goes with it."""
    files = first_port(
        name=name, upstream=upstream or _UPSTREAM, branch=branch or "main", cpu="cortex-m0plus"
    )
    toml: dict[str, Any] = tomllib.loads(files["port/port.toml"].decode())
    toml["tree"]["exclude"] = []  # the fork says which
    toml["port"]["description"] = f"{name}, adopted"
    if like is not None:
        file = Path(like)
        file = port_file(file) or file if file.is_dir() else file
        load_port(file)  # says what is wrong with it
        other = read_toml(file)
        for table, keys in _SHARED.items():
            if table in other and keys is None:
                toml[table] = other[table]
            elif table in other:
                toml[table] |= {key: other[table][key] for key in keys or () if key in other[table]}
        toml["patches"] = {
            "folder": "patches",
            "context": other.get("patches", {}).get("context", 3),
        }
        toml["upstream"] |= {"url": upstream} if upstream else {}
        toml["upstream"] |= {"branch": branch} if branch else {}
    return files | {"port/port.toml": tomli_w.dumps(toml).encode()}


def _show(adopted: Adopted, folder: Path, count: int) -> None:
    console = Console(highlight=False, soft_wrap=True)

    def say(what: str, text: str, style: str = "") -> None:
        console.print(Text(f"{what:<11} {one_line(text, 300)}", style))

    say("base", f"{adopted.base} ({adopted.base_date})", "bold")
    others = f", as {adopted.alike - 1} others do" if adopted.alike > 1 else ", as no other does"
    say("", f"it has {adopted.shared} of the fork's {adopted.of} different files{others}")
    for library in adopted.libraries:
        if library.shared or library.best_shared:
            better = f"; {library.best[:12]} has {library.best_shared}" if library.best else ""
            say(library.name, f"{library.commit[:12]}, {plural(library.shared, 'file')}{better}")
    for old, new, moved in adopted.moves[:5]:
        say("moved", f"{new or '.'} to {old or '.'} ({plural(moved, 'file')})")
    say("as it was", f"{plural(adopted.same, 'file')} of upstream's")
    patches = plural(len(adopted.patches), "patch", "patches")
    say("edited", f"{plural(adopted.edited, 'file')}, in {patches}")
    for patch, subject, edited in adopted.patches[:20]:
        say("", f"{patch}: {subject} ({plural(edited, 'file')})", "dim")
    say("overrides", f"{adopted.overridden}")
    say("own", f"{plural(adopted.own, 'file')}")
    if adopted.stopped:
        say("stopped", f"before the tree: {adopted.stopped}", "yellow")
    stage = "tree" if adopted.proof == "tree" else "queue"
    share = f"{adopted.reproduced} of {count} files"
    say("proof", f"a roll to the base gives back {share} to the byte (its {stage})", "bold")
    for path, why in adopted.remainder[:20]:
        say("", f"not {path}: {why}", "yellow")
    if len(adopted.remainder) > 20:
        say("", f"… and {len(adopted.remainder) - 20} more, in port/adopted.json")
    if adopted.beyond:
        say("beyond", f"{plural(len(adopted.beyond), 'file')} of the tree that the fork has not")
    say("written", f"{folder}: port/port.toml, port/sync.lock, patches, port/adopted.json")
