"""Regions of memory: what is meant for one is there, or the build fails with its name."""

from __future__ import annotations

import subprocess

import pytest

from syncer.build.regions import check_regions
from syncer.errors import Exit, SyncError
from syncer.model import Firmware
from syncer.port import Region
from syncer.report.memory_map import picture
from syncer.report.status import plain

SOURCE = """
__attribute__((section(".bank.fast"))) void fast_loop(void) {}
__attribute__((section(".bank.stack"))) char job_stack[256];
void slow(void) {}
int main(void) { fast_loop(); slow(); return job_stack[0]; }
"""
SCRIPT = """
MEMORY { FLASH : ORIGIN = 0x10000000, LENGTH = 64k  BANK : ORIGIN = 0x20041000, LENGTH = 4k }
SECTIONS { .text : { *(.text*) } > FLASH  .bank : { *(.bank.*) } > BANK }
"""
BANK = Region("BANK", 0x20041000, 4096, ("fast_*", "job_stack"), what="what is used all the time")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    folder = tmp_path_factory.mktemp("regions")
    (folder / "main.c").write_text(SOURCE)
    (folder / "link.ld").write_text(SCRIPT)
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-nostdlib", "main.c"]
    command += ["-T", "link.ld", "-Wl,--no-warn-rwx-segments", "-Wl,--entry=main", "-o", "main.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return Firmware("main", "benchmark", "pico", str(folder / "main.elf"), "", 0, 0, ())


def test_a_map_says_what_is_where(program: Firmware) -> None:
    (found,) = check_regions([BANK], [program])
    (use,) = found.regions
    assert found.program == "main"
    assert 0 <= use.used - sum(symbol.size for symbol in use.symbols) < 8  # for alignment
    assert [s.name for s in use.symbols] == ["job_stack", "fast_loop"]
    drawn = picture(plain(found))
    assert "0x20041000 BANK" in drawn
    assert "256 B  job_stack" in drawn
    assert "what is used all the time" in drawn


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Region("BANK", 0x20041000, 4096, ("slow",)), "main: slow lies at 0x1000"),
        (Region("BANK", 0x20041000, 4096, ("job_stack",), budget=200), "budget of 200; job_stack"),
        (
            Region("BANK", 0x20041000, 4096, ("fast_*", "gone_*")),
            "no program has a symbol 'gone_*'",
        ),
    ],
    ids=["elsewhere", "over budget", "unknown"],
)
def test_what_stops_a_build(program: Firmware, region: Region, message: str) -> None:
    with pytest.raises(SyncError, match=message.replace("*", r"\*")) as stopped:
        check_regions([region], [program])
    assert stopped.value.exit is Exit.BUILD


def test_no_regions_no_map(program: Firmware) -> None:
    assert check_regions([], [program]) == ()
    assert check_regions([BANK], []) == ()
