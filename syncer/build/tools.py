"""What a build needs of this machine, and what to do where it is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.files import cache_folder
from syncer.git import MINIMUM
from syncer.model import Tool
from syncer.port import Build, Sdk

_MINIMUM = {"cmake": "3.24", "ninja": "1.10", "git": ".".join(map(str, MINIMUM))}
_TOOL_SECONDS = 60


@dataclass(frozen=True)
class Toolset:
    """Everything a build needs from this machine; `sdk` is the SDK's folder, if there is one."""

    sdk: Path | None
    tools: tuple[Tool, ...]


@dataclass(frozen=True)
class Lack:
    """Something that a roll needs and this machine has not, or not fit. `how` mends it;
    `packages` are the system's that bring it, `script` is one of a clone of this repository."""

    what: str
    how: str
    packages: tuple[str, ...] = ()
    script: str = ""


def find_toolset(build: Build) -> Toolset:
    """Find compiler, cmake, ninja and SDK.

    Raises:
        SyncError: (ENVIRONMENT) one is missing, too old, or an SDK of another version.
    """
    tools = _tools(build)
    problems = _lacks(build, tools)
    if problems:
        raise SyncError(
            "; ".join(lack.what for lack in problems),
            hint="; ".join(dict.fromkeys(lack.how for lack in problems))
            + ". `sync doctor` says more, and mends it with --fix.",
            exit=Exit.ENVIRONMENT,
        )
    names = [f"{build.toolchain.prefix}gcc", "cmake", "ninja"]
    found = [tool for tool in map(tools.get, names) if tool]
    if build.sdk is None:
        return Toolset(None, tuple(found))
    sdk = find_sdk(build.sdk)
    assert sdk is not None
    return Toolset(sdk, (*found, Tool(build.sdk.name, build.sdk.version, str(sdk))))


@dataclass(frozen=True)
class CompilerCache:
    """ccache, the folder that it keeps its results in, and the variables that make it use that
    folder, and its size, without the user's configuration."""

    program: Path
    folder: Path
    environment: dict[str, str]


def find_compiler_cache() -> CompilerCache | None:
    """The user's ccache; None where there is none, or its folder cannot be written."""
    program = shutil.which("ccache")
    if program is None:
        return None
    keys = [part for key in ("cache_dir", "max_size") for part in ("--get-config", key)]
    done = subprocess.run(
        [program, *keys], capture_output=True, text=True, errors="replace", check=False
    )
    answer = done.stdout.splitlines()
    if done.returncode or len(answer) != 2:
        return None
    folder = Path(answer[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    settings = {"CCACHE_DIR": str(folder), "CCACHE_MAXSIZE": answer[1]}
    return CompilerCache(Path(program), folder, settings)


def missing_tools(build: Build) -> list[Lack]:
    """What is missing or unfit, each with what mends it."""
    return _lacks(build, _tools(build))


def _packages(build: Build) -> dict[str, tuple[str, ...]]:
    """The programs that a build needs, with the system's packages that bring them."""
    return {
        f"{build.toolchain.prefix}gcc": tuple(build.toolchain.packages.split()),
        "cmake": ("cmake",),
        "ninja": ("ninja-build",),
        "make": ("make",),
        "git": ("git",),
    }


def _tools(build: Build) -> dict[str, Tool | None]:
    names = _packages(build)
    with ThreadPoolExecutor(len(names)) as pool:  # most of the time goes into starting them
        return dict(zip(names, pool.map(find_tool, names), strict=True))


def _lacks(build: Build, tools: Mapping[str, Tool | None]) -> list[Lack]:
    compiler = f"{build.toolchain.prefix}gcc"
    lacks = []
    for name, bring in _packages(build).items():
        minimum = build.toolchain.minimum if name == compiler else _MINIMUM.get(name, "0")
        what = _unfit(name, tools[name], minimum)
        if not what and name == compiler:
            what = _without_libraries(name, build.toolchain.libraries)
        if what:
            lacks.append(Lack(what, f"apt-get install {' '.join(bring)}", bring))
    if build.sdk and find_sdk(build.sdk) is None:
        lacks.append(_sdk_lack(build.sdk))
    return lacks


def _unfit(name: str, tool: Tool | None, minimum: str) -> str:
    if tool is None:
        return f"{name} is not installed"
    if not tool.version:
        return f"{tool.path} does not tell its version: it is broken, or something else"
    if _version_key(tool.version) < _version_key(minimum):
        return f"{name} is {tool.version}, needed is {minimum} ({tool.path})"
    return ""


def _without_libraries(compiler: str, libraries: tuple[str, ...]) -> str:
    """Asked for a library that it does not have, gcc prints the name and no path."""
    found = {name: _output([compiler, f"-print-file-name={name}"]).strip() for name in libraries}
    missing = [name for name, path in found.items() if not Path(path).is_absolute()]
    return f"{compiler} has no {' and no '.join(missing)}" if missing else ""


def find_tool(name: str) -> Tool | None:
    """A program on the path, asked for its version; that is empty if it does not say one."""
    path = shutil.which(name)
    if path is None:
        return None
    versions = re.findall(r"\d+(?:\.\d+)+", _output([path, "--version"]).partition("\n")[0])
    return Tool(name, versions[-1] if versions else "", path)


def _output(command: list[str]) -> str:
    """What a tool prints; nothing if it does not run, fails or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TOOL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout


def find_sdk(sdk: Sdk) -> Path | None:
    """The SDK of the version wanted: where its variable points, or in the user's cache."""
    folder = _sdk_folder(sdk)
    return folder if folder.is_dir() and sdk_version(sdk, folder) == sdk.version else None


def _sdk_folder(sdk: Sdk) -> Path:
    named = os.environ.get(sdk.variable)
    return Path(named).absolute() if named else cache_folder() / f"{sdk.name}-{sdk.version}"


def sdk_version(sdk: Sdk, folder: Path) -> str:
    """The version of the SDK in a folder; "" where there is none."""
    try:
        text = (folder / sdk.version_file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return ".".join(re.findall(sdk.version_pattern, text))


def _sdk_lack(sdk: Sdk) -> Lack:
    script = f"ci/{sdk.name}"
    folder, named = _sdk_folder(sdk), bool(os.environ.get(sdk.variable))
    if not folder.is_dir():
        what = f"{sdk.name} {sdk.version} was not found"
        what += f": {sdk.variable} is {folder}, which is no folder" if named else f" in {folder}"
    elif found := sdk_version(sdk, folder):
        what = f"{sdk.name} in {folder} is {found}; the port wants {sdk.version}"
    else:
        what = f"{folder} is no {sdk.name}: it has no version in {sdk.version_file}"
    how = f"{script}, or set {sdk.variable} to a copy of {sdk.version}"
    return Lack(what, how, script=script)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
