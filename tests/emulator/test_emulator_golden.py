"""Every counter of some programs, as recorded: making the emulator faster must change none.

After a change of the timing model that is meant, record them anew:
    python tests/emulator/test_emulator_golden.py
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest
from emulator_programs import Build, Program, build

from syncer.emulator import Machine

RECORD = Path(__file__).with_name("golden.json")
PROGRAMS = ("banks", "cache", "exceptions", "timing", "two_cores")


def counts(program: Program, exact: bool, slice_cycles: int) -> dict[str, object]:
    with Machine(exact=exact) as machine:
        machine.load(program.path)
        if program.path.name.startswith("cache"):  # lines that replace each other, then the end
            table = [0x10012340 + n % 3 * 0x2000 + n * 4 for n in range(64)]
            machine.write(0x20030000, b"".join(a.to_bytes(4, "little") for a in (*table, 0)))
        result = machine.run(max_cycles=slice_cycles)
        while result.reason == "cycles":
            result = machine.run(max_cycles=slice_cycles)
        return {"cycles": result.cycles, "cores": [asdict(machine.counters(n)) for n in (0, 1)]}


@pytest.mark.parametrize("slice_cycles", [10**8, 37], ids=["whole", "sliced"])
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_counts(program: Build, name: str, exact: bool, slice_cycles: int) -> None:
    recorded = json.loads(RECORD.read_text())[name]["exact" if exact else "functional"]
    assert counts(program(name), exact, slice_cycles) == recorded


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        record = {
            name: {
                mode: counts(build(Path(scratch), name), mode == "exact", 10**8)
                for mode in ("exact", "functional")
            }
            for name in PROGRAMS
        }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    sys.exit(0)
