"""What a build needs of this machine, and what to do where it is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from syncer.errors import Exit, SyncError
from syncer.model import Tool
from syncer.port import Build, Sdk

_MINIMUM = {"cmake": "3.24", "ninja": "1.10"}


@dataclass(frozen=True)
class Toolset:
    """Everything a build needs from this machine; `sdk` is the SDK's folder."""

    sdk: Path
    tools: tuple[Tool, ...]


def find_toolset(build: Build) -> Toolset:
    """Find compiler, cmake, ninja and SDK.

    Raises:
        SyncError: (ENVIRONMENT) one is missing, too old, or an SDK of another version.
    """
    problems = missing_tools(build)
    if problems:
        raise SyncError(
            "; ".join(what for what, _ in problems),
            hint="; ".join(dict.fromkeys(how for _, how in problems)),
            exit=Exit.ENVIRONMENT,
        )
    names = [f"{build.toolchain.prefix}gcc", "cmake", "ninja"]
    found = [tool for tool in map(find_tool, names) if tool]
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


def missing_tools(build: Build) -> list[tuple[str, str]]:
    """What is missing or unfit, each with the command that mends it."""
    compiler = f"{build.toolchain.prefix}gcc"
    packages = {
        compiler: build.toolchain.packages,
        "cmake": "cmake",
        "ninja": "ninja-build",
        "make": "make",
        "git": "git",
    }
    problems = []
    for name, package in packages.items():
        tool = find_tool(name)
        minimum = build.toolchain.minimum if name == compiler else _MINIMUM.get(name, "0")
        if tool is None:
            problems.append((f"{name} is not installed", f"apt-get install {package}"))
        elif _version_key(tool.version) < _version_key(minimum):
            problems.append(
                (f"{name} is {tool.version}, needed is {minimum}", f"apt-get install {package}")
            )
    if find_sdk(build.sdk) is None:
        problems.append(_sdk_problem(build.sdk))
    return problems


def find_tool(name: str) -> Tool | None:
    """A program on the path, asked for its version."""
    path = shutil.which(name)
    if path is None:
        return None
    done = subprocess.run(
        [path, "--version"], capture_output=True, text=True, errors="replace", check=False
    )
    versions = re.findall(r"\d+(?:\.\d+)+", done.stdout.partition("\n")[0])
    return Tool(name, versions[-1] if versions else "0", path)


def find_sdk(sdk: Sdk) -> Path | None:
    """The SDK of the version wanted: where its variable points, or in the user's cache."""
    folder = _sdk_folder(sdk)
    return folder if folder and _sdk_version(sdk, folder) == sdk.version else None


def _sdk_folder(sdk: Sdk) -> Path | None:
    named = os.environ.get(sdk.variable)
    folder = Path(named) if named else user_cache_path("syncer") / f"{sdk.name}-{sdk.version}"
    return folder if folder.is_dir() else None


def _sdk_version(sdk: Sdk, folder: Path) -> str:
    try:
        text = (folder / sdk.version_file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return ".".join(re.findall(sdk.version_pattern, text))


def _sdk_problem(sdk: Sdk) -> tuple[str, str]:
    how = f"ci/{sdk.name}, or set {sdk.variable} to a copy of {sdk.version}"
    folder = _sdk_folder(sdk)
    if folder is None:
        return (f"{sdk.name} {sdk.version} was not found", how)
    found = _sdk_version(sdk, folder) or "of an unknown version"
    return (f"{sdk.name} in {folder} is {found}; the port wants {sdk.version}", how)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
