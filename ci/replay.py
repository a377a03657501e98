"""Roll a port's queue along upstream's history, point by point, and say what became of each part.

Every point is a roll to the stage rebase, with the components at the commits that upstream pinned
then. It happens in a copy: what was refreshed is taken over before the next point, as if it had
been accepted; a patch that conflicts is noted with the upstream commit to blame and left out from
there on; an override whose upstream file changed is noted and pinned to the new blob.

With --made N the queue is not the port's but one of N patches made for the first point: each
inserts a line, or puts another in place of one, somewhere in a file that a port to a
microcontroller is bound to touch. Which lines those are is drawn, from the same seed each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from syncer.components import load_mirrors, sources
from syncer.errors import Exit, SyncError
from syncer.git import Repository, quarantine
from syncer.lock import Lock, lock_text
from syncer.model import OverrideResult, PatchVerdict, Rebased, Resolved
from syncer.pipeline import Order, Outcome, roll
from syncer.port import Port, load_port, port_file
from syncer.queue.diff import split_lines
from syncer.queue.mail import create_patch, encode
from syncer.queue.series import SERIES, series_names, series_text
from syncer.queue.stack import LEAVING

SIGNS = {"clean": ".", "merged": "m", "conflict": "X", "drifted": "D", "vanished": "V", "": " "}


@dataclass(frozen=True)
class Event:
    """What became of a patch ("component/file") or an override ("component:path") at a point.
    `blamed` is "<repository> <commit> (<date>, <subject>)"."""

    point: int
    commit: str
    name: str
    verdict: str
    paths: tuple[str, ...] = ()
    blamed: str = ""
    reason: str = ""


# In the order in which they get a patch; of a component, those after its name.
TOUCHED = {
    "": (
        *(f"kernels/cmsis_nn/{name}.cc" for name in ("conv", "depthwise_conv", "fully_connected")),
        *("micro_profiler.h", "micro_profiler.cc", "micro_time.cc", "system_setup.cc"),
        *("micro_interpreter.cc", "micro_allocator.cc", "debug_log.cc", "micro_log.cc"),
        *(f"kernels/cmsis_nn/{name}.cc" for name in ("pooling", "softmax", "svdf", "add", "mul")),
        *("kernels/conv_common.cc", "kernels/reduce_common.cc", "micro_op_resolver.h"),
        "kernels/quantize_common.cc",
    ),
    "cmsis_nn": (
        "Source/ConvolutionFunctions/arm_convolve_s8.c",
        "Source/ConvolutionFunctions/arm_depthwise_conv_s8.c",
        "Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c",
        "Source/FullyConnectedFunctions/arm_fully_connected_s8.c",
        "Include/arm_nnfunctions.h",
    ),
}
MICRO = "tensorflow/lite/micro/"
AUTHOR, DATE = "ci/replay <replay@example.invalid>", "1700000000 +0000"


class Quiet:
    """A roll's watcher that says nothing."""

    def begin(self, stage: str) -> None: ...

    def note(self, text: str) -> None: ...

    def step(self, text: str) -> None: ...

    def end(self, record: object) -> None: ...


def copy_of(port: Port, folder: Path) -> Port:
    """The port's files, without its state and other hidden folders, in `folder`."""
    shutil.copytree(
        port.root, folder, symlinks=True, ignore=shutil.ignore_patterns(".*", "__pycache__")
    )
    copy = load_port(folder / port.file.relative_to(port.root))
    copy.lock_file.unlink(missing_ok=True)
    return copy


def make_queue(port: Port, order: Order, ref: str, count: int) -> None:
    """Put `count` patches in place of the copy's queue, a quarter of them to CMSIS-NN."""
    outcome = roll(port, Order(ref, "resolve", mirrors=order.mirrors), Quiet())
    if outcome.roll.resolved is None:
        raise outcome.error or SyncError(f"{ref} cannot be resolved")
    folder = port.root / port.toml.patches.folder
    shutil.rmtree(folder, ignore_errors=True)
    text = port.file.read_text(encoding="utf-8")  # an override would hide what is below it
    tables = re.split(r"(?m)^(?=\[)", text)
    port.file.write_text("".join(t for t in tables if not t.startswith("[[override]]")))
    rng = random.Random(20)
    clones = sources(port, order.mirrors)
    pins = {pin.name: pin.commit for pin in outcome.roll.resolved.pins}
    below = {port.toml.upstream.name: count - count // 4, "cmsis_nn": count // 4}
    for name, wanted in below.items():
        listed = TOUCHED.get(name) or tuple(MICRO + path for path in TOUCHED[""])
        names = []
        with quarantine(Repository(clones[name].clone)) as repository:
            files = repository.files(pins[name])
            paths = [path for path in listed if path in files]
            for number in range(wanted):
                path = paths[number % len(paths)]
                lines = split_lines(repository.blob(files[path][1]))
                said = [n for n, line in enumerate(lines) if line.strip()]
                inner = [n for n in said if n > 20] or said  # below the licence
                at, keep = rng.choice(inner), rng.random() < 0.5
                lines[at] = (lines[at] if keep else b"") + b"/* the port's own, %d */\n" % number
                made = {path: (files[path][0], repository.write_blob(b"".join(lines)))}
                new = repository.write_tree(pins[name], made)
                patch = create_patch(
                    repository,
                    repository.rev_parse(pins[name], "tree"),
                    new,
                    subject=f"Change {number} of {path.rpartition('/')[2]}",
                    author=AUTHOR,
                    date=DATE,
                    context=port.toml.patches.context,
                )
                names.append(f"{number + 1:04}-{Path(path).stem}.patch")
                (folder / name).mkdir(parents=True, exist_ok=True)
                (folder / name / names[-1]).write_bytes(encode(patch))
        (folder / name / SERIES).write_text(series_text(names), encoding="utf-8")


def replay(port: Port, order: Order, refs: list[str]) -> tuple[list[Event], list[str]]:
    """What became of the queue at each of `refs`, and what each of them is."""
    events: list[Event] = []
    points: list[str] = []
    for number, ref in enumerate(refs, 1):
        for _ in range(500):  # each turn takes one thing out of the way
            port = load_port(port.file)
            outcome = roll(port, Order(ref, "rebase", mirrors=order.mirrors), Quiet())
            resolved, rebased = outcome.roll.resolved, outcome.roll.rebased
            if resolved is None or rebased is None:
                points.append(f"{ref}: not resolved: {outcome.error}")
                break
            commit = resolved.upstream.commit
            if not clear(port, outcome, rebased, events, number, commit):
                pins = ", ".join(f"{p.name} {p.commit[:12]}" for p in resolved.components)
                points.append(f"{commit[:12]} {ref} ({pins})")
                take(port, resolved, rebased, events, number)
                break
        else:
            raise SystemExit(f"{ref}: it does not come to an end: {outcome.error}")
        print(f"{number:3} {points[-1]}", file=sys.stderr, flush=True)
    return events, points


def clear(
    port: Port,
    outcome: Outcome,
    rebased: Rebased,
    events: list[Event],
    point: int,
    commit: str,
) -> bool:
    """Take what stops the roll out of its way; False if nothing does."""
    found = False
    said = f"{outcome.error.message}\n{outcome.error.detail}" if outcome.error else ""
    for patch in rebased.patches:
        if patch.verdict is PatchVerdict.CONFLICT:
            found = True
            name = f"{patch.component}/{patch.file}"
            blamed = blame(said, rf"{re.escape(patch.file)} conflicts in [^\n]*?since ")
            events.append(
                Event(point, commit, name, "conflict", patch.conflicts, blamed, patch.reason)
            )
            folder = port.root / port.toml.patches.folder / patch.component
            leave_out(folder, patch.file)
    for item in rebased.overrides:
        if item.drifted:
            found = True
            events.append(drift(port, item, point, commit, said))
    if outcome.error and not found:
        if outcome.error.exit is not Exit.CONFLICT:
            raise outcome.error
        raise SystemExit(f"point {point}: {outcome.error.message}")
    return found


def blame(said: str, before: str) -> str:
    match = re.search(
        before + r"(\S+ [0-9a-f]{12} \(\S+, [^\n]*?\))(?:, which | and |[.;\n]|$)", said
    )
    return match[1] if match else ""


def drift(port: Port, item: OverrideResult, point: int, commit: str, said: str) -> Event:
    name = f"{item.component}:{item.path}"
    blamed = blame(said, re.escape(item.path) + r"[^\n]*? (?:with|since) ")
    text = port.file.read_text(encoding="utf-8")
    if item.found is None:
        tables = re.split(r"(?m)^(?=\[)", text)
        gone = [t for t in tables if t.startswith("[[override]]") and item.path in t]
        port.file.write_text("".join(t for t in tables if t not in gone), encoding="utf-8")
        return Event(point, commit, name, "vanished", (item.path,), blamed)
    port.file.write_text(text.replace(item.shadowed, item.found), encoding="utf-8")
    return Event(point, commit, name, "drifted", (item.path,), blamed)


def leave_out(folder: Path, file: str) -> None:
    series = folder / SERIES
    text = series.read_text(encoding="utf-8")
    kept = [name for name in series_names(text) if name != file]
    series.write_text(series_text(kept, text), encoding="utf-8")
    (folder / file).unlink()


def take(port: Port, resolved: Resolved, rebased: Rebased, events: list[Event], point: int) -> None:
    """Take over what was refreshed, as accepting would."""
    for patch in rebased.patches:
        name, commit = f"{patch.component}/{patch.file}", resolved.upstream.commit
        events.append(
            Event(point, commit, name, patch.verdict.value, patch.paths, "", patch.reason)
        )
        folder = port.root / port.toml.patches.folder / patch.component
        if patch.verdict in LEAVING:
            leave_out(folder, patch.file)
        elif patch.refreshed is not None:
            (folder / patch.file).write_bytes(encode(patch.refreshed))
    lock = Lock(
        commits={pin.name: pin.commit for pin in resolved.pins},
        written={pin.name: pin.written for pin in resolved.components},
        overrides={f"{o.component}:{o.path}": o.found or "" for o in rebased.overrides},
    )
    port.lock_file.write_text(lock_text(lock), encoding="utf-8")


def table(events: list[Event], points: list[str]) -> str:
    """A line for each patch and override, a column for each point, and who is to blame."""
    names = list(dict.fromkeys(event.name for event in events))
    width = max(map(len, names), default=0)
    lines = [f"{n:3}  {text}" for n, text in enumerate(points, 1)] + [""]
    marks = ", ".join(f"{sign} {verdict}" for verdict, sign in SIGNS.items() if verdict)
    lines += [f"{marks}; other letters: absorbed, dropped, emptied", ""]
    for name in names:
        mine = {event.point: event.verdict for event in events if event.name == name}
        cells = (mine.get(n, "") for n in range(1, len(points) + 1))
        lines.append(f"{name:<{width}}  " + "".join(SIGNS.get(c, c[:1]) for c in cells))
    lines.append("")
    for event in events:
        if event.verdict not in ("clean", "merged"):
            by = event.blamed or event.reason or "by no commit that could be told"
            lines.append(f"point {event.point}: {event.name}: {event.verdict}: {by}")
    counts = {
        v: sum(e.verdict == v for e in events) for v in dict.fromkeys(e.verdict for e in events)
    }
    return "\n".join([*lines, "", ", ".join(f"{n} {v}" for v, n in counts.items())])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("refs", nargs="+", metavar="REF", help="upstream's commits, in order")
    parser.add_argument("--port", type=Path, default=Path(), help="the port's folder")
    parser.add_argument(
        "--mirrors", type=Path, default=os.environ.get("SYNC_MIRRORS"), help="URL -> mirror"
    )
    parser.add_argument("--made", type=int, metavar="N", help="N patches made for the first REF")
    parser.add_argument("--json", action="store_true", help="print the events as JSON")
    options = parser.parse_args()
    try:
        file = port_file(options.port) or options.port
        mirrors = load_mirrors(Path(options.mirrors) if options.mirrors else None)
        with tempfile.TemporaryDirectory() as folder:
            port = copy_of(load_port(file), Path(folder) / "port")
            order = Order(mirrors=mirrors)
            if options.made:
                make_queue(port, order, options.refs[0], options.made)
            events, points = replay(port, order, options.refs)
    except SyncError as error:
        print(f"ci/replay: {error.message}\n{error.hint}", file=sys.stderr)
        return error.exit
    if options.json:
        print(json.dumps([asdict(event) for event in events], indent=2))
    else:
        print(table(events, points))
    return 0


if __name__ == "__main__":
    sys.exit(main())
