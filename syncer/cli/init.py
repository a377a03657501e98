"""sync init: a first port.toml for an empty port."""

from __future__ import annotations

import re
from pathlib import Path

import click

from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.port import find_port, load_port
from syncer.tree.render import render

_STARTER = Path(__file__).with_name("starter")
_THIRD_PARTY = "third_party_downloads.inc"

# What TFLM's makefiles download besides CMSIS-NN, and where upstreams since 2023 wrote it down.
# Optional, so that the port also reads an upstream that has no such library; one that only writes
# its pin elsewhere still stops a roll.
_COMPONENTS = (
    {
        "name": "cmsis",
        "url": "https://github.com/ARM-software/CMSIS_6",
        "file": "ext_libs/cmsis_download.sh",
        "pattern": r'ZIP_PREFIX="(\w+)"\s+CMSIS_URL="\S+/ARM-software/CMSIS_6/',
        "older": {
            "file": "ext_libs/cmsis_download.sh",
            "pattern": r'ZIP_PREFIX="(\w+)"\s+CMSIS_URL="\S+/ARM-software/CMSIS_5/',
            "url": "https://github.com/ARM-software/CMSIS_5",
        },
    },
    {
        "name": "cortex_dfp",
        "url": "https://github.com/ARM-software/Cortex_DFP",
        "file": "ext_libs/cmsis_download.sh",
        "pattern": r'ZIP_PREFIX="(\w+)"\s+CMSIS_DFP_URL=',
        "path": "cmsis/Cortex_DFP",
        "listed": False,
    },
    {
        "name": "flatbuffers",
        "url": "https://github.com/google/flatbuffers",
        "file": _THIRD_PARTY,
        "pattern": r'^FLATBUFFERS_URL\s*:=\s*"\S+/(\S+)\.zip"',
        "older": {"file": "flatbuffers_download.sh", "pattern": r'^\s*ZIP_PREFIX="(\S+)"'},
        "patch": "tensorflow/lite/micro/tools/make/flatbuffers.patch",
    },
    {
        "name": "gemmlowp",
        "url": "https://github.com/google/gemmlowp",
        "file": _THIRD_PARTY,
        "pattern": r'^GEMMLOWP_URL\s*:=\s*"\S+/(\w+)\.zip"',
    },
    {
        "name": "ruy",
        "url": "https://github.com/google/ruy",
        "file": _THIRD_PARTY,
        "pattern": r'^RUY_URL\s*:?=\s*"\S+/(\w+)\.zip"',
    },
    {
        "name": "kissfft",
        "url": "https://github.com/mborgerding/kissfft",
        "file": _THIRD_PARTY,
        "pattern": r'^KISSFFT_URL\s*:=\s*"\S+/(\S+)\.zip"',
        "older": {
            "file": "kissfft_download.sh",
            "pattern": r'^\s*KISSFFT_URL="\S+/(\S+)\.zip"',
        },
        "patch": "third_party/kissfft/kissfft.patch",
        "older_patch": "tensorflow/lite/micro/tools/make/kissfft.patch",
        "license": "COPYING",
    },
)
_DEFAULTS = {"patch": "", "older_patch": "", "license": "", "listed": True, "older": {}}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--name", help="The port's name (default: the folder's).")
@click.option(
    "--upstream",
    metavar="URL",
    default="https://github.com/tensorflow/tflite-micro",
    show_default=True,
    help="Where TFLM comes from.",
)
@click.option("--branch", default="main", show_default=True, help="Its branch.")
@click.option("--cpu", default="cortex-m0plus", show_default=True, help="What to compile for.")
def command(folder: Path, name: str | None, upstream: str, branch: str, cpu: str) -> int:
    """Write a first port.toml and CMake template into FOLDER, for a plain static library; what to
    fill in stands in them. Nothing that is there is changed."""
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise SyncError(f"{folder} is no folder")
    if (there := find_port(folder)) and there.is_relative_to(folder):
        raise SyncError(
            f"there is a port already: {there}", hint="Edit that, or take an empty folder."
        )
    name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._") or "port"
    values = {"name": name, "upstream": upstream, "branch": branch, "cpu": cpu}
    for key, text in values.items():
        if not re.fullmatch(r'[^\s"\\{}]+', text):
            raise SyncError(f"--{key} {text!r}: may hold no space, quote or brace", exit=Exit.USAGE)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise SyncError(
            f"--name {name!r}: may hold letters, digits, '.', '_' and '-' only", exit=Exit.USAGE
        )
    made = first_port(**values)
    for path, data in made.items():
        if (folder / path).exists():
            click.echo(f"kept     {path}")
        else:
            write_whole(folder / path, data)
            click.echo(f"written  {path}")
    load_port(folder / "port" / "port.toml")
    click.echo("Look for TODO in port/port.toml. Then, in that folder: sync --until build")
    return Exit.OK


def first_port(*, name: str, upstream: str, branch: str, cpu: str) -> dict[str, bytes]:
    """The files of a first port: port.toml, a CMake template and .gitignore, by path."""
    components = [{**_DEFAULTS, "path": item["name"], **item} for item in _COMPONENTS]
    values = {"name": name, "upstream": upstream, "branch": branch, "cpu": cpu}
    context = {**values, "components": components}
    return {
        "port/port.toml": render(_STARTER / "port.toml.jinja", context),
        "port/templates/CMakeLists.txt.jinja": render(_STARTER / "CMakeLists.txt.jinja", context),
        ".gitignore": b"/.sync/\n",
    }
