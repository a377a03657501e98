"""What firmware printed, read into results. Pure functions of text.

The forms are TensorFlow Lite Micro's: testing/micro_test_v2.h (gtest-like, since January 2026) and
testing/micro_test.h for tests, micro_profiler.cc and benchmarks/*_benchmark.cc for benchmarks.
A serial line ends in ``\\n``, ``\\r\\n`` or, if the C library adds its own return, ``\\r\\r\\n``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncer.errors import Exit, SyncError
from syncer.model import Layer, SlowPath, TestCase, TestResult

SUCCESS = "~~~ALL TESTS PASSED~~~"

# How far a layer's marks and its ticks may be apart. A mark is at the entry of the profiler's
# function; the timer is read some code later, which may first have to come from flash, at about
# 100 cycles for a cache line of 8 bytes, some ten lines.
GRAIN_US = 8

_CASE = re.compile(r"\[( RUN      |       OK |  FAILED  )\] (\S+)$")
_RUNNING = re.compile(r"\[==========\] Running tests\.$")
_RAN = re.compile(r"\[==========\] ([0-9]{1,9}) tests ran\.$")
_OLD_CASE = re.compile(r"Testing (\w+)$")
_OLD_FAILURE = re.compile(r" failed at (\S+:[0-9]+)|^FAIL: ")
_OLD_RAN = re.compile(r"([0-9]{1,9})/([0-9]{1,9}) tests passed$")
_FAILURE = re.compile(r"^(\S+:[0-9]+): Failure$")
# A whole tag's line has no full stop, a single event's has one. Ticks are a uint32_t.
_TOOK = re.compile(r"^(.+?) took ([0-9]{1,10}) ticks \(-?[0-9]{1,10} ms\)(\.?)$")
_ITERATIONS = re.compile(r"\(([0-9]{1,6})\)$")
_CRC = re.compile(r"^crc ([0-9]{1,6}) (\S+) 0x([0-9a-fA-F]{8})$")
_ARENA = re.compile(r"^arena ([0-9]{1,10})$")
_SLOW = re.compile(r"^slow ([a-z_]{1,40}) ([0-9]{1,10})$")


def _lines(uart: str) -> tuple[list[str], str]:
    """Complete lines, and what follows the last newline."""
    *lines, rest = (line.rstrip("\r") for line in uart.split("\n"))
    return lines, rest


def _last(uart: str) -> str:
    """The last line with something in it, shortened and quoted, for an error message."""
    line = next((line.strip() for line in reversed(uart.split("\n")) if line.strip()), "")
    return repr(line if len(line) <= 80 else line[:79] + "…") if line else "nothing"


# ---- tests


class _Cases:
    """The cases of one test program in the order they began; None: begun, not ended."""

    def __init__(self) -> None:
        self.ended: dict[str, bool | None] = {}
        self.again = ""  # what happened twice
        self.place = ""  # file:line of the first failure
        self.counted: int | None = None
        self.success = False
        self.headed = False

    def begin(self, name: str) -> None:
        if name in self.ended:
            self.again = self.again or f"case {name} began"
        self.ended[name] = None

    def head(self) -> None:
        if self.headed:
            self.again = self.again or "the tests began"
        self.headed = True

    @property
    def complete(self) -> bool:
        """Every case ended, and the program's own account of them agrees."""
        whole = None not in self.ended.values() and self.counted == len(self.ended)
        return whole and not self.again

    def reason(self, uart: str, expected: bool) -> str:
        """Why the program did not pass; empty when it did."""
        failed = [name for name, passed in self.ended.items() if passed is False]
        open_ = [name for name, passed in self.ended.items() if passed is None]
        if not uart.strip():
            return "printed nothing"
        if self.again:
            return f"{self.again} twice: the program started over"
        if failed:
            shown = ", ".join(failed[:5]) + (", …" if len(failed) > 5 else "")
            place = f"; first at {self.place}" if self.place else ""
            return f"{len(failed)} of {len(self.ended)} cases failed: {shown}{place}"
        if open_:
            return f"case {open_[-1]} did not end; the last line is {_last(uart)}"
        if not self.success:
            return f"no final {SUCCESS}; the last line is {_last(uart)}"
        if not self.ended and (expected or self.headed or self.counted is not None):
            return "no test case ran"
        if self.ended and self.counted != len(self.ended):
            said = "no count of cases" if self.counted is None else f"{self.counted} cases ran"
            over = self.counted is not None and self.counted < len(self.ended)
            why = "the program started over" if over else "output was lost"
            return f"{len(self.ended)} cases seen, {said} by its own account: {why}"
        return ""


def parse_tests(name: str, uart: str, *, cases: bool = True) -> TestResult:
    """One test program's output, in either of upstream's forms.

    It passed only if it printed the final line, ran at least one case, saw every case end, none
    failed, and its own count agrees. `reason` says what was amiss. Raises nothing.

    Args:
        cases: False for a program that does not use upstream's framework: of it, the final line
            is all there is to see.
    """
    found = _read_cases(uart)
    reason = found.reason(uart, cases)
    return TestResult(
        name=name,
        passed=not reason,
        cases=tuple(TestCase(case, passed is True) for case, passed in found.ended.items()),
        reason=reason,
        complete=found.complete or not reason,
    )


def in_a_case(uart: str) -> bool:
    """Whether a test program's output ends before the case that began last did, though the final
    line was printed: a case prints it itself, as upstream's network_tester does."""
    found = _read_cases(uart)
    return found.success and None in found.ended.values()


def _read_cases(uart: str) -> _Cases:
    lines, rest = _lines(uart)
    found = _Cases()
    old = not any(_CASE.search(line) for line in lines)
    for line in [*lines, rest]:
        (_old_line if old else _new_line)(found, line)
        if line.strip() == SUCCESS:
            found.success = True
    if old:
        # The older form prints no line when a case ends: the last one is known to have ended
        # only by the count that follows.
        last = next(reversed(found.ended), None)
        for case, passed in found.ended.items():
            if passed is None and (case != last or found.counted is not None):
                found.ended[case] = True
    return found


def _new_line(cases: _Cases, line: str) -> None:
    if match := _CASE.search(line):
        mark, case = match[1].strip(), match[2]
        cases.success = False
        if mark == "RUN":
            cases.begin(case)
        elif mark == "FAILED" or cases.ended.get(case) is not False:
            cases.ended[case] = mark == "OK"
    elif match := _RAN.search(line):
        cases.success = False
        cases.counted = int(match[1])
    elif _RUNNING.search(line):
        cases.head()
    elif match := _FAILURE.search(line):
        cases.place = cases.place or match[1]


def _old_line(cases: _Cases, line: str) -> None:
    if match := _OLD_CASE.search(line):
        cases.success = False
        # Names are free in this form, and upstream has had several cases of one name in a file.
        # A program that starts over shows in its count.
        if cases.counted is not None:
            cases.again = "the tests began"
        again = 1 + sum(1 for name in cases.ended if name.partition(" ")[0] == match[1])
        cases.begin(match[1] if again == 1 else f"{match[1]} ({again})")
    elif match := _OLD_FAILURE.search(line):
        if cases.ended:
            cases.ended[next(reversed(cases.ended))] = False
        cases.place = cases.place or match[1] or ""
    elif match := _OLD_RAN.search(line):
        cases.success = False
        cases.counted = int(match[2])
        if match[1] != match[2] and False not in cases.ended.values() and cases.ended:
            # A failure whose own line was lost: the count alone tells, not which case it was.
            cases.ended[next(reversed(cases.ended))] = False
    elif _RUNNING.search(line):
        cases.head()


# ---- examples


def parse_example(name: str, uart: str, expect: Sequence[str]) -> TestResult:
    """An example's run: a case for each of the regular expressions that a complete line of its
    output has to match."""
    lines, _ = _lines(uart)
    cases = tuple(
        TestCase(pattern, any(re.search(pattern, line) for line in lines)) for pattern in expect
    )
    missing = [case.name for case in cases if not case.passed]
    reason = f"no line matches {missing[0]!r}; the last is {_last(uart)}" if missing else ""
    return TestResult(name, not missing, cases, reason)


# ---- benchmarks


def parse_benchmark(uart: str, tag: str) -> tuple[int, tuple[Layer, ...]]:
    """A benchmark's total for `tag` and the layers printed under it.

    Args:
        uart: everything the benchmark printed.
        tag: the timed run, e.g. ``NoPersonDataIterations(1)``.

    Returns:
        (ticks, layers): `ticks` for all iterations of the tag, `layers` of the last iteration.

    Raises:
        SyncError: the tag is missing (the message has the tags seen) or printed twice, no layer
            follows it, a line is broken, or lines are missing: the layers of a single iteration
            must add up to the tag's ticks, and of more than one, another line must follow.
    """
    lines, _ = _lines(uart)
    took = [_TOOK.match(line.strip()) for line in lines]
    at = [i for i, match in enumerate(took) if match and match[1] == tag and not match[3]]
    if len(at) != 1:
        raise _tag_error(uart, tag, [m[1] for m in took if m and not m[3]])
    head = took[at[0]]
    assert head is not None
    ticks, layers = int(head[2]), list[Layer]()
    following = lines[at[0] + 1 :]
    for line, match in zip(following, took[at[0] + 1 :], strict=True):
        if not match or not match[3]:
            if " took " in line and not match:
                raise _bench_error(f"broken line under {tag}: {line.strip()[:80]!r}")
            break
        layers.append(Layer(index=len(layers), op=match[1], ticks=int(match[2])))
    if not layers:
        raise _bench_error(f"no layers are printed under {tag}")
    iterations = _ITERATIONS.search(tag)
    if iterations and int(iterations[1]) == 1:
        together = sum(layer.ticks for layer in layers)
        if together != ticks:
            raise _bench_error(
                f"{tag} took {ticks} ticks, but its {len(layers)} layers add up to {together}"
            )
    elif len(layers) == len(following):
        raise _bench_error(f"the output ends among the layers of {tag}")
    return ticks, tuple(layers)


def events_before(uart: str) -> int:
    """How many profiler events the benchmark logged before its first tag: its initialisation."""
    count = 0
    for line in _lines(uart)[0]:
        if match := _TOOK.match(line.strip()):
            if not match[3]:
                break
            count += 1
    return count


def _tag_error(uart: str, tag: str, seen: list[str]) -> SyncError:
    if tag in seen:
        return _bench_error(f"the benchmark printed {tag} {seen.count(tag)} times: it started over")
    tags = ", ".join(dict.fromkeys(seen)) or f"none; its last line is {_last(uart)}"
    return SyncError(
        f"the benchmark printed no {tag}; tags seen: {tags}",
        hint="`tag` of the [[benchmark]] in port.toml must be one that the firmware prints.",
        exit=Exit.TEST,
    )


def _bench_error(message: str) -> SyncError:
    return SyncError(
        message,
        hint="Output was lost or the firmware stopped early: look at what it printed.",
        exit=Exit.TEST,
    )


# ---- cycles from marks


def layer_cycles(
    marks: Sequence[tuple[int, int, int]],
    begin: int,
    end: int,
    layers: Sequence[Layer],
    *,
    inference: int,
    clock_hz: int,
    before: int = 1,
) -> tuple[int, tuple[Layer, ...]]:
    """Exact cycles of one inference from the marks at the profiler's two functions.

    Args:
        marks: (address, core, cycle) in the order they happened.
        begin: address of MicroProfiler::BeginEvent (a Thumb bit is ignored).
        end: address of MicroProfiler::EndEvent.
        layers: the inference's layers as printed, with their ticks.
        inference: which inference of the program they are, from 0.
        clock_hz: clk_sys, cycles per second.
        before: events ahead of the first inference (`events_before`).

    Returns:
        (cycles, layers): from the first layer's begin to the last layer's end, and the layers
        with their own cycles filled in.

    Raises:
        SyncError: events are missing or do not pair, more than one core profiles, or a layer's
            cycles and its printed ticks differ by more than GRAIN_US: not that inference.
    """
    first = before + inference * len(layers)
    spans = layer_spans(marks, begin, end, layers, inference=inference, before=before)
    chosen = [(marks[start][2], marks[stop][2]) for start, stop in spans]
    timed = list[Layer]()
    for layer, span in zip(layers, chosen, strict=True):
        cycles = span[1] - span[0]
        if abs(cycles * 1_000_000 - layer.ticks * clock_hz) > GRAIN_US * clock_hz:
            raise SyncError(
                f"layer {layer.index} ({layer.op}) printed {layer.ticks} ticks, but event "
                f"{first + layer.index} took {cycles} cycles = {cycles / clock_hz * 1e6:.1f} us",
                hint="`inference` of the [[benchmark]] in port.toml must count the inferences "
                "up to `tag`, from 0.",
                exit=Exit.TEST,
            )
        timed.append(replace(layer, cycles=cycles))
    total = max(span[1] for span in chosen) - min(span[0] for span in chosen)
    return total, tuple(timed)


def layer_spans(
    marks: Sequence[tuple[int, int, int]],
    begin: int,
    end: int,
    layers: Sequence[Layer],
    *,
    inference: int,
    before: int = 1,
) -> tuple[tuple[int, int], ...]:
    """Where each layer begins and ends among the `marks`; arguments as for `layer_cycles`.

    Raises:
        SyncError: events are missing or do not pair, or more than one core profiles.
    """
    spans = _pair(marks, begin & ~1, end & ~1)
    first = before + inference * len(layers)
    chosen = [span for span in spans[first : first + len(layers)] if span]
    if not layers or len(chosen) != len(layers):
        raise _bench_error(
            f"inference {inference} needs profiler events {first} to {first + len(layers) - 1}; "
            f"{sum(1 for span in spans if span)} complete events were marked"
        )
    return tuple(chosen)


def _pair(
    marks: Sequence[tuple[int, int, int]], begin: int, end: int
) -> list[tuple[int, int] | None]:
    """Where in `marks` each event begins and ends, in order of begin; None: never ended. Events
    nest."""
    spans: list[tuple[int, int] | None] = []
    stack: list[tuple[int, int]] = []  # index in spans, and in marks that of begin
    core: int | None = None
    for at, (address, on, cycle) in enumerate(marks):
        if address & ~1 not in (begin, end):
            continue
        if core not in (None, on):
            raise _bench_error(f"profiler events on core {core} and core {on}")
        core = on
        if address & ~1 == begin:
            stack.append((len(spans), at))
            spans.append(None)
        elif stack:
            index, started = stack.pop()
            spans[index] = (started, at)
        else:
            raise _bench_error(f"a profiler event ended at cycle {cycle} that never began")
    return spans


# ---- the check firmware


@dataclass(frozen=True)
class Checked:
    """What the check firmware printed: (index, operator, CRC-32 of its outputs) of each operator,
    the arena's used bytes, if printed, and why kernels could not go their fast way."""

    crcs: tuple[tuple[int, str, int], ...]
    arena: int | None
    slow: tuple[SlowPath, ...]


def parse_check(uart: str) -> Checked:
    """The check firmware's output.

    Raises:
        SyncError: it does not end with ``check done``, no CRC is printed, or one is missing.
    """
    lines, rest = _lines(uart)
    crcs = list[tuple[int, str, int]]()
    arena: int | None = None
    slow = list[SlowPath]()
    said = [line.strip() for line in [*lines, rest] if line.strip()]
    for line in said:
        if match := _CRC.match(line):
            if int(match[1]) != len(crcs):
                raise _bench_error(f"the check printed operator {match[1]}, not {len(crcs)}")
            crcs.append((int(match[1]), match[2], int(match[3], 16)))
        elif match := _ARENA.match(line):
            arena = int(match[1])
        elif match := _SLOW.match(line):
            slow.append(SlowPath(match[1], int(match[2])))
    if not said or said[-1] != "check done":
        raise _bench_error(f"the check does not end with 'check done' but {_last(uart)}")
    if not crcs:
        raise _bench_error("the check printed no operator")
    return Checked(tuple(crcs), arena, tuple(slow))
