"""A program of one core on rp2040js and on the emulator without its cache: text and layers' times.

    ci/bench rp2040js FIRMWARE [--until TEXT] [--count N] [--json]

Both run FIRMWARE until the N-th line with TEXT. What they print must be the same but for the ticks;
those are compared layer by layer:

    same_text       whether all lines are the same, ticks aside
    layers          how many layers there are
    worst_us        the largest difference between a layer's two times
    others          the other lines with ticks (set-up, whole inferences), ours and theirs
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from _rp2040js import run as run_rp2040js

from syncer.emulator import Machine

TICKS = re.compile(r"took (\d+) ticks \(\d+ ms\)")
LAYER = re.compile(TICKS.pattern + r"\.")
OTHER = re.compile(TICKS.pattern + r"(?!\.)")


def ours(firmware: Path, until: str, count: int) -> str:
    with Machine(exact=False) as machine:
        machine.load(firmware)
        result = machine.run(until=until, count=count)
    if result.reason != "line":
        raise SystemExit(f"{firmware} ended by {result.reason}\n{result.fault or ''}")
    return result.uart


def lines(text: str) -> list[str]:
    return [line.rstrip("\r") for line in text.split("\n")]


def compare(mine: str, theirs: str) -> dict[str, object]:
    # The last line is unfinished: where each stops after the text was sent differs.
    a, b = lines(mine)[:-1], lines(theirs)[:-1]
    pairs = [
        (int(x[1]), int(y[1]))
        for x, y in zip(LAYER.finditer(mine), LAYER.finditer(theirs), strict=False)
    ]
    others = [
        (int(x[1]), int(y[1]))
        for x, y in zip(OTHER.finditer(mine), OTHER.finditer(theirs), strict=False)
    ]
    return {
        "same_text": [TICKS.sub("took", t) for t in a] == [TICKS.sub("took", t) for t in b],
        "layers": len(pairs),
        "worst_us": max((abs(x - y) for x, y in pairs), default=0),
        "others": others,
        "ticks": pairs,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench rp2040js",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("firmware", type=Path)
    parser.add_argument("--until", default="SOFTMAX took")
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    mine = ours(options.firmware, options.until, options.count)
    (theirs,) = run_rp2040js(options.firmware, until=options.until, count=options.count)
    if theirs["over"] != "line":
        raise SystemExit(f"rp2040js came to {theirs['over'] or 'its limit'} before the text")
    found = compare(mine, theirs["text"])
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            if name != "ticks":
                print(f"{name:15} {value}")
    return 0 if found["same_text"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
