"""How fast the emulator is: both modes beside rp2040js, on person detection with both cores busy.

    ci/bench emulator [--json] [--rounds N] [--firmware FILE]

The firmware is the miniature's person_detection_benchmark, built first, or FILE. The emulator's
core is the one that the package was built with. Everything runs on one host core, in turn, for N
rounds; of each the best counts, in CPU time, so that other work on the machine matters less.

    ratio_rp2040js      emulated instructions a second, exact mode with two cores, over rp2040js's
                        with its one (aim: 8, at least 5)
    exact_dual_mhz      emulated clock of the exact mode (aim: 300, at least 150; a Pico has 125)
    functional_dual_mhz the same without cache, bank and port timing (at least twice the exact)
    in_turns_dual_mhz   the exact mode without running ahead (to the same cycle)
    exact_mips, functional_mips, rp2040js_mips
                        million emulated instructions a second, of all cores
    cycles              of the run in exact mode: speed may change, this may not

rp2040js has no second core. It runs the same program until core 0 first asks core 1, after its
warm-up; ours runs both inferences.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from _rp2040js import run as run_rp2040js
from _world import miniature, sync

from syncer.emulator import Machine

UNTIL, COUNT = "SOFTMAX took", 2
FIRMWARE = "person_detection_benchmark"


def built(folder: Path) -> Path:
    """The miniature's benchmark, from a roll that ends when all is built."""
    port, mirrors = miniature(folder)
    sync(port, mirrors, folder, "--until", "build", own_caches=False)
    return next((folder / "port/.sync").glob(f"*/build/pico/firmware/{FIRMWARE}.elf"))


def timed(firmware: Path, exact: bool, in_turns: bool = False) -> tuple[float, int, int]:
    """CPU seconds, cycles and instructions of one run."""
    with Machine(exact=exact, in_turns=in_turns) as machine:
        machine.load(firmware)
        started = time.process_time()
        result = machine.run(until=UNTIL, count=COUNT)
        seconds = time.process_time() - started
    if result.reason != "line":
        raise SystemExit(f"{firmware} ended by {result.reason}\n{result.fault or ''}")
    return seconds, result.cycles, result.instructions


def measure(firmware: Path, rounds: int) -> dict[str, float]:
    modes = {"exact": (True, False), "functional": (False, False), "in_turns": (True, True)}
    best: dict[str, tuple[float, int, int]] = {}
    peer = 0.0
    for _ in range(rounds):
        for name, (exact, in_turns) in modes.items():
            best[name] = min(best.get(name, (1e9, 0, 0)), timed(firmware, exact, in_turns))
        for found in run_rp2040js(firmware, rounds=8):
            peer = max(peer, found["instructions"] / found["seconds"])
    if best["exact"][1:] != best["in_turns"][1:]:
        raise SystemExit("running ahead and taking turns do not give the same run")
    mips = {name: instructions / s / 1e6 for name, (s, _, instructions) in best.items()}
    return {
        "ratio_rp2040js": mips["exact"] * 1e6 / peer,
        **{f"{name}_dual_mhz": cycles / s / 1e6 for name, (s, cycles, _) in best.items()},
        "exact_mips": mips["exact"],
        "functional_mips": mips["functional"],
        "rp2040js_mips": peer / 1e6,
        "cycles": best["exact"][1],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench emulator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one flat object")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--firmware", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sync-bench-") as scratch:
        found = measure(options.firmware or built(Path(scratch)), options.rounds)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:20} {value:.1f}" if isinstance(value, float) else f"{name:20} {value}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
