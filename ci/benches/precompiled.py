"""What a precompiled header saves on real TensorFlow Lite Micro, the code being the same.

    ci/bench precompiled [--json] [--count N]

The port's last build (sync, or ci/real) must be there: some of its sources that include the header
are compiled again, as that build compiled them but for ccache, with the precompiled header and
without it, one at a time.

    sources         how many were compiled, evenly spread over the library and the tests
    same_code       how many of them gave the same object, debug information aside; all must
    header_s        the header itself, once a build and board
    precompiled_s   the sources with it
    plain_s         and without
    ratio           plain_s / precompiled_s

Seconds are those of the processor, not of the clock.
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from _world import ROOT

from syncer.port import load_port

Command = tuple[list[str], str]  # words, and where it runs


def compile_commands(folder: Path) -> list[Command]:
    """Of each C++ source that is compiled with the precompiled header; without ccache."""
    try:
        entries = json.loads((folder / "compile_commands.json").read_text())
    except OSError:
        sys.exit("the port has not been built here: run ci/real first")
    found = []
    for entry in sorted(entries, key=lambda entry: entry["file"]):
        words = shlex.split(entry["command"])
        if words[0].endswith("ccache"):
            del words[0]
        itself = entry["file"].endswith("cmake_pch.hxx.cxx")
        if not itself and any(word.endswith("cmake_pch.hxx") for word in words):
            found.append((words, entry["directory"]))
    if not found:
        sys.exit("the port's last build had no precompiled header: see tree.precompiled")
    return found


def seconds(words: list[str], folder: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def plain(words: list[str]) -> list[str]:
    """The command without CMake's `-Winvalid-pch -include <header>`."""
    at = next(n for n, word in enumerate(words) if word.endswith("cmake_pch.hxx"))
    return [w for w in words[: at - 1] + words[at + 1 :] if w != "-Winvalid-pch"]


def into(words: list[str], place: Path) -> list[str]:
    """The command with another object; a header that does not fit ends the bench."""
    at = words.index("-o")
    return [*words[: at + 1], str(place), *words[at + 2 :], "-Werror=invalid-pch"]


def code(place: Path, objcopy: str) -> bytes:
    subprocess.run([objcopy, "--strip-debug", str(place)], check=True)
    return place.read_bytes()


def header(words: list[str], place: Path) -> list[str]:
    """The command that compiles the header itself."""
    at = next(n for n, word in enumerate(words) if word.endswith("cmake_pch.hxx"))
    start, end = plain(words), words[at]
    cut = start.index("-o")
    return [*start[:cut], "-x", "c++-header", "-o", str(place), "-c", end]


def measure(count: int) -> dict[str, float]:
    port = load_port(ROOT / "port/port.toml")
    build = port.toml.build
    every = compile_commands(port.state / "build" / build.boards[0])
    chosen = every[:: max(1, len(every) // count)][:count]
    objcopy = f"{build.toolchain.prefix}objcopy"
    found = {"sources": len(chosen), "same_code": 0, "precompiled_s": 0.0, "plain_s": 0.0}
    with tempfile.TemporaryDirectory(prefix="sync-bench-") as scratch:
        one, two = Path(scratch) / "one.o", Path(scratch) / "two.o"
        words, folder = chosen[0]
        header_s = seconds(header(words, Path(scratch) / "header.gch"), folder)
        for number, (words, folder) in enumerate(chosen, 1):
            print(f"\r{number} of {len(chosen)}", end="", file=sys.stderr)
            found["precompiled_s"] += seconds(into(words, one), folder)
            found["plain_s"] += seconds(into(plain(words), two), folder)
            found["same_code"] += code(one, objcopy) == code(two, objcopy)
    print(file=sys.stderr)
    ratio = found["plain_s"] / found["precompiled_s"]
    return {**found, "header_s": header_s, "ratio": ratio}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench precompiled",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one flat object")
    parser.add_argument("--count", type=int, default=24, help="how many sources (default: 24)")
    options = parser.parse_args()
    found = measure(max(1, options.count))
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:20} {value:.2f}" if isinstance(value, float) else f"{name:20} {value}")
    return 0 if found["same_code"] == found["sources"] else 1


if __name__ == "__main__":
    sys.exit(main())
