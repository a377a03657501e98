"""Toolchain and SDK discovery, cmake + ninja, and what the linked programs take."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from platformdirs import user_cache_path

from syncer.errors import Exit, SyncError
from syncer.model import BuildResult, Firmware, Section, Tool
from syncer.port import Build, FirmwareSpec, Memory, Port, Sdk

_CONFIGURE_SECONDS = 600
_BUILD_SECONDS = 3600
_MINIMUM = {"cmake": "3.20", "ninja": "1.10"}


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


def build(port: Port, toolset: Toolset, tree: Path, folder: Path) -> BuildResult:
    """Configure and build the tree for each board, in `folder`/<board>.

    Raises:
        SyncError: (BUILD) with the compiler's own words; or the flags meant did not reach it.
    """
    log = folder / "build.log"
    folder.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    firmware: list[Firmware] = []
    for board in port.toml.build.boards:
        out = folder / board
        _run(_configure_command(port, toolset, tree, out, board), log, _CONFIGURE_SECONDS)
        _check_flags(port, tree, out)
        _run(["ninja", "-C", str(out)], log, _BUILD_SECONDS)
        for spec in port.toml.firmware:
            elf = out / "firmware" / f"{spec.name}.elf"
            firmware.append(measure(spec, board, elf, port.toml.build.memories))
    return BuildResult(toolset.tools, tuple(firmware), str(log))


def _configure_command(
    port: Port, toolset: Toolset, tree: Path, out: Path, board: str
) -> list[str]:
    cache = {
        port.toml.build.sdk.variable: str(toolset.sdk),
        port.toml.build.sdk.board_variable: board,
        "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
        **port.toml.build.cmake,
    }
    if ccache := shutil.which("ccache"):
        cache |= {"CMAKE_C_COMPILER_LAUNCHER": ccache, "CMAKE_CXX_COMPILER_LAUNCHER": ccache}
    command = ["cmake", "-G", port.toml.build.generator, "-S", str(tree), "-B", str(out)]
    return command + [f"-D{name}={value}" for name, value in cache.items()]


def _run(command: Sequence[str], log: Path, seconds: int) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "TMPDIR", "CCACHE_DIR")
    } | {"LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SyncError(
            f"{command[0]} was stopped after {seconds} s", exit=Exit.BUILD, hint=f"Log: {log}"
        ) from None
    with log.open("a") as file:
        file.write(f"$ {shlex.join(command)}\n{done.stdout}\n")
    if done.returncode:
        raise SyncError(
            f"{command[0]} failed with exit {done.returncode}",
            hint=f"The whole log: {log}",
            exit=Exit.BUILD,
            detail=_failure(done.stdout),
        )


def _failure(output: str) -> str:
    """The lines that say what went wrong, else the last ones."""
    lines = output.splitlines()
    errors = [i for i, line in enumerate(lines) if re.search(r"\berror\b|CMake Error", line, re.I)]
    start = max(errors[0] - 1, 0) if errors else max(len(lines) - 20, 0)
    return "\n".join(lines[start : start + 20])


def _check_flags(port: Port, tree: Path, out: Path) -> None:
    """Of several -O flags the compiler takes the last; the one that port.toml means must win."""
    commands = json.loads((out / "compile_commands.json").read_text())
    for entry in commands:
        if not Path(entry["file"]).is_relative_to(tree):
            continue
        levels = [word for word in shlex.split(entry["command"]) if re.fullmatch(r"-O\w*", word)]
        if not levels or levels[-1] != port.toml.build.optimisation:
            got = levels[-1] if levels else "no -O flag"
            raise SyncError(
                f"{Path(entry['file']).relative_to(tree)} would be compiled with {got}, "
                f"not {port.toml.build.optimisation}",
                hint="Set flags once, with target_compile_options, in the port's template.",
                exit=Exit.BUILD,
            )


def measure(
    spec: FirmwareSpec, board: str, elf: Path, memories: Mapping[Any, tuple[Memory, ...]]
) -> Firmware:
    """Sizes of a linked program by section: bytes that lie in flash (initialised data counts
    there too) and bytes of RAM.

    Raises:
        SyncError: (BUILD) the program was not made, or is no ELF file.
    """
    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            allocated = [s for s in image.iter_sections() if s["sh_flags"] & SH_FLAGS.SHF_ALLOC]
            loads = [s for s in image.iter_segments() if s["p_type"] == "PT_LOAD"]
            sections = []
            for section in allocated:
                if not section["sh_size"]:
                    continue
                address = int(section["sh_addr"])
                memory = _memory(address, memories)
                stored = section["sh_type"] != "SHT_NOBITS" and any(
                    s["p_vaddr"] <= address < s["p_vaddr"] + s["p_memsz"]
                    and _memory(int(s["p_paddr"]), memories) == "flash"
                    for s in loads
                )
                where = "flash+ram" if memory == "ram" and stored else memory
                sections.append(Section(section.name, address, int(section["sh_size"]), where))
    except FileNotFoundError:
        raise SyncError(
            f"firmware {spec.name} was not built: there is no {elf}",
            hint="The port's CMake template must give each firmware a target of its name.",
            exit=Exit.BUILD,
        ) from None
    except ELFError as error:
        raise SyncError(f"{elf}: no ELF file: {error}", exit=Exit.BUILD) from None
    return Firmware(
        name=spec.name,
        kind=spec.kind,
        board=board,
        elf=str(elf),
        sha256=file_digest(elf),
        flash=sum(s.size for s in sections if "flash" in s.memory),
        ram=sum(s.size for s in sections if "ram" in s.memory),
        sections=tuple(sections),
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file; empty if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _memory(address: int, memories: Mapping[Any, tuple[Memory, ...]]) -> str:
    for name, ranges in memories.items():
        if any(m.start <= address < m.start + m.length for m in ranges):
            return str(name)
    return "other"


def symbols_starting(elf: Path, prefix: str) -> list[int]:
    """Addresses, sorted and without the Thumb bit, of the functions whose linker names start so."""
    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        return sorted(
            {
                int(symbol["st_value"]) & ~1
                for symbol in (table.iter_symbols() if table else ())
                if symbol.name.startswith(prefix) and symbol["st_info"]["type"] == "STT_FUNC"
            }
        )
