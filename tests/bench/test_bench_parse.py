from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer import model
from syncer.bench.parse import (
    events_before,
    in_a_case,
    layer_cycles,
    parse_benchmark,
    parse_check,
    parse_example,
    parse_tests,
)
from syncer.errors import Exit, SyncError
from syncer.model import Layer, SlowPath

NEW = """\
[==========] Running tests.
[ RUN      ] Halves.Even
[       OK ] Halves.Even
[ RUN      ] Halves.Odd
[       OK ] Halves.Odd
[==========] 2 tests ran.
[  PASSED  ] 2 tests.
~~~ALL TESTS PASSED~~~
"""
NEW_FAILED = """\
[==========] Running tests.
[ RUN      ] Halves.Even
halves_test.cc:31: Failure
  Expression:  half(4) == 2
  Evaluated:   3 == 2
[  FAILED  ] Halves.Even
[ RUN      ] Halves.Odd
halves_test.cc:40: Failure
Failed: unreachable
[  FAILED  ] Halves.Odd
[==========] 2 tests ran.
[  PASSED  ] 0 tests.
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] Halves.Even
[  FAILED  ] Halves.Odd
"""
OLD = """\
Testing HalvesEven
Testing HalvesOdd
2/2 tests passed
~~~ALL TESTS PASSED~~~

"""
OLD_FAILED = """\
Testing HalvesEven
half(4) == 2 failed at halves_test.cc:31 (3 vs 2)
Testing HalvesOdd
1/2 tests passed
~~~SOME TESTS FAILED~~~

"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize(
    ("uart", "cases"),
    [(NEW, ("Halves.Even", "Halves.Odd")), (OLD, ("HalvesEven", "HalvesOdd"))],
    ids=["new", "old"],
)
def test_success_in_either_form(uart: str, cases: tuple[str, ...], newline: str) -> None:
    result = parse_tests("halves_test", uart.replace("\n", newline))
    assert result.passed
    assert result.reason == ""
    assert result.name == "halves_test"
    assert result.cases == tuple(model.TestCase(case, True) for case in cases)


def test_failed_cases_are_named_with_the_first_place() -> None:
    result = parse_tests("t", NEW_FAILED)
    assert not result.passed
    assert [case.passed for case in result.cases] == [False, False]
    assert result.reason == (
        "2 of 2 cases failed: Halves.Even, Halves.Odd; first at halves_test.cc:31"
    )
    result = parse_tests("t", OLD_FAILED)
    assert result.cases == (
        model.TestCase("HalvesEven", False),
        model.TestCase("HalvesOdd", True),
    )
    assert result.reason == "1 of 2 cases failed: HalvesEven; first at halves_test.cc:31"


@pytest.mark.parametrize(
    ("uart", "reason"),
    [
        ("", "printed nothing"),
        ("\r\n \n", "printed nothing"),
        ("[==========] Running tests.\n[ RUN      ] A.B\n", "case A.B did not end"),
        ("[ RUN      ] A.B\n[       OK ] A.", "case A.B did not end"),
        ("Testing A\nTesting B\n", "case B did not end"),
        (NEW.replace("~~~ALL TESTS PASSED~~~", "~~~ALL TESTS PAS"), "last line is '~~~ALL"),
        (OLD.replace("~~~ALL TESTS PASSED~~~", ""), "no final ~~~ALL TESTS PASSED~~~"),
        (OLD_FAILED.replace("~~~SOME", "~~~ALL"), "1 of 2 cases failed"),
        ("~~~ALL TESTS PASSED~~~\n", "no test case ran"),
        ("[  PASSED  ] 0 tests.\n~~~ALL TESTS PASSED~~~\n", "no test case ran"),
        ("0/0 tests passed\n~~~ALL TESTS PASSED~~~\n", "no test case ran"),
        (NEW.replace("2 tests ran", "3 tests ran"), "output was lost"),
        (NEW.replace("[==========] 2 tests ran.\n", ""), "no count of cases"),
        (OLD.replace("Testing HalvesOdd\n", ""), "output was lost"),
        (OLD.replace("2/2", "1/2"), "1 of 2 cases failed"),
        (NEW[:80] + NEW, "began twice: the program started over"),
        (OLD[:40] + OLD, "4 cases seen, 2 cases ran by its own account: the program started over"),
        (OLD + OLD, "the tests began twice: the program started over"),
        (NEW[:33] + NEW, "the tests began twice: the program started over"),
        (NEW + "[ RUN      ] Halves.More\n", "case Halves.More did not end"),
        ("qemu: hard fault\n", "the last line is 'qemu: hard fault'"),
    ],
)
def test_what_is_no_success_and_why(uart: str, reason: str) -> None:
    result = parse_tests("t", uart)
    assert not result.passed
    assert reason in result.reason


def test_cases_of_one_name_in_the_older_form_are_several() -> None:
    uart = OLD.replace("HalvesOdd", "HalvesEven")
    result = parse_tests("t", uart)
    assert result.passed and result.complete
    assert [case.name for case in result.cases] == ["HalvesEven", "HalvesEven (2)"]


def test_a_program_without_the_framework_has_its_final_line_only() -> None:
    uart = "\nTag,Total ticks\nFULLY_CONNECTED,12\n\n~~~ALL TESTS PASSED~~~\n"
    assert parse_tests("t", uart).reason == "no test case ran"
    result = parse_tests("t", uart, cases=False)
    assert result.passed and result.cases == ()
    assert parse_tests("t", uart[:-2], cases=False).reason.startswith("no final ~~~ALL TESTS")
    # Where the framework shows all the same, it is believed.
    assert not parse_tests("t", NEW.replace("2 tests ran", "3 tests ran"), cases=False).passed
    assert not parse_tests("t", "[==========] Running tests.\n" + uart, cases=False).passed


@pytest.mark.parametrize("uart", [NEW, OLD])
def test_a_final_line_that_a_case_prints_is_not_the_final_one(uart: str) -> None:
    final = "~~~ALL TESTS PASSED~~~\n"
    begins = uart.index("\n", uart.index("Odd")) + 1
    cut = uart[:begins] + final
    assert in_a_case(cut)
    assert "did not end" in parse_tests("t", cut).reason
    whole = cut + uart[begins:]
    assert not in_a_case(whole) and not in_a_case(uart) and not in_a_case(uart[:begins])
    assert parse_tests("t", whole).passed
    lost = parse_tests("t", whole[: whole.rindex(final)])
    assert lost.reason.startswith("no final ~~~ALL")


@pytest.mark.parametrize(
    ("uart", "complete"),
    [
        (NEW, True),
        (NEW_FAILED, True),
        (OLD, True),
        (OLD_FAILED, True),
        (NEW_FAILED[: NEW_FAILED.index("[==========] 2")], False),
        (OLD_FAILED[: OLD_FAILED.index("1/2")], False),
        (NEW.replace("2 tests ran", "3 tests ran"), False),
        ("", False),
    ],
)
def test_whether_a_program_came_to_its_own_end(uart: str, complete: bool) -> None:
    assert parse_tests("t", uart).complete is complete


def test_a_failure_after_the_cases_own_ok_still_counts() -> None:
    uart = NEW.replace("[       OK ] Halves.Odd", "[  FAILED  ] Halves.Odd")
    assert not parse_tests("t", uart).passed


@settings(deadline=None)
@given(st.data(), st.sampled_from([NEW, OLD, NEW_FAILED, OLD_FAILED]))
def test_no_cut_output_passes(data: st.DataObject, uart: str) -> None:
    whole = len(uart.rstrip()) if parse_tests("t", uart).passed else len(uart)
    cut = data.draw(st.integers(0, whole - 1))
    result = parse_tests("t", uart[:cut])
    assert not result.passed
    assert result.reason


# ---- benchmarks

BENCH = """\
InitializeBenchmarkRunner took 5012 ticks (5 ms).

WithDataIterations(1) took 700 ticks (0 ms)
CONV_2D took 500 ticks (0 ms).
SOFTMAX took 200 ticks (0 ms).

NoDataIterations(1) took 710 ticks (0 ms)
CONV_2D took 505 ticks (0 ms).
SOFTMAX took 205 ticks (0 ms).

NoDataIterations(10) took 7003 ticks (7 ms)

"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r\r\n"])
def test_the_layers_under_a_tag(newline: str) -> None:
    ticks, layers = parse_benchmark(BENCH.replace("\n", newline), "NoDataIterations(1)")
    assert ticks == 710
    assert layers == (Layer(0, "CONV_2D", 505), Layer(1, "SOFTMAX", 205))
    assert events_before(BENCH.replace("\n", newline)) == 1


def test_several_iterations_print_the_last_ones_layers() -> None:
    uart = "Runs(10) took 7003 ticks (7 ms)\nCONV_2D took 700 ticks (0 ms).\n"
    with pytest.raises(SyncError, match="ends among the layers"):
        parse_benchmark(uart, "Runs(10)")
    assert parse_benchmark(uart + "\n", "Runs(10)") == (7003, (Layer(0, "CONV_2D", 700),))


@pytest.mark.parametrize(
    ("uart", "tag", "message"),
    [
        (BENCH, "Other(1)", r"no Other\(1\); tags seen: WithDataIterations\(1\), NoData"),
        (BENCH, "CONV_2D", "no CONV_2D"),
        ("", "A(1)", "tags seen: none; its last line is nothing"),
        ("hard fault at 0x0\n", "A(1)", "its last line is 'hard fault at 0x0'"),
        (BENCH + BENCH, "NoDataIterations(1)", "printed NoDataIterations.1. 2 times"),
        (BENCH, "NoDataIterations(10)", "no layers are printed"),
        (BENCH.replace("SOFTMAX took 205 ticks (0 ms).\n", ""), "NoDataIterations(1)", "add up"),
        (BENCH.replace("505 ticks (0 ms).", "505 ti"), "NoDataIterations(1)", "broken line"),
    ],
)
def test_benchmark_output_that_will_not_do(uart: str, tag: str, message: str) -> None:
    with pytest.raises(SyncError, match=message) as error:
        parse_benchmark(uart, tag)
    assert error.value.exit == Exit.TEST
    assert error.value.hint


@settings(deadline=None)
@given(st.integers(0, len(BENCH)))
def test_cut_benchmark_output_is_refused_or_gives_the_whole(cut: int) -> None:
    tag = "NoDataIterations(1)"
    try:
        assert parse_benchmark(BENCH[:cut], tag) == parse_benchmark(BENCH, tag)
    except SyncError:
        assert cut <= BENCH.index("NoDataIterations(10)")


# ---- cycles

BEGIN, END = 0x1000_0400, 0x1000_0440
CLOCK = 125_000_000
Mark = tuple[int, int, int]


def mark(*cycles: int, start: int = 1000, core: int = 0) -> list[Mark]:
    """Events one after the other, 50 cycles apart."""
    marks, now = list[Mark](), start
    for length in cycles:
        marks += [(BEGIN, core, now), (END, core, now + length)]
        now += length + 50
    return marks


def test_cycles_of_the_inference_asked_for() -> None:
    marks = mark(9_000_000, 61_250, 25_000, 63_125, 25_625)
    layers = (Layer(0, "CONV_2D", 505), Layer(1, "SOFTMAX", 205))
    # Thumb addresses, as an ELF file's symbols give them.
    total, timed = layer_cycles(marks, BEGIN | 1, END | 1, layers, inference=1, clock_hz=CLOCK)
    assert [layer.cycles for layer in timed] == [63_125, 25_625]
    assert [layer.ticks for layer in timed] == [505, 205]
    assert total == 63_125 + 50 + 25_625
    with pytest.raises(SyncError, match=r"layer 0 \(CONV_2D\) printed 505 ticks, but event 1 took"):
        layer_cycles(marks, BEGIN, END, layers, inference=0, clock_hz=CLOCK)


def test_the_way_to_the_timer_is_allowed_for_and_no_more() -> None:
    layer = (Layer(0, "CONV_2D", 505),)
    total, _ = layer_cycles(mark(0, 513 * 125), BEGIN, END, layer, inference=0, clock_hz=CLOCK)
    assert total == 513 * 125
    with pytest.raises(SyncError, match="505 ticks"):
        layer_cycles(mark(0, 513 * 125 + 1), BEGIN, END, layer, inference=0, clock_hz=CLOCK)


def test_events_nest_in_the_order_they_begin() -> None:
    marks = [(BEGIN, 0, 0), (BEGIN, 0, 125), (END, 0, 1125), (END, 0, 2000)]
    layers = (Layer(0, "WHILE", 16), Layer(1, "ADD", 8))
    total, timed = layer_cycles(marks, BEGIN, END, layers, inference=0, clock_hz=CLOCK, before=0)
    assert [layer.cycles for layer in timed] == [2000, 1000]
    assert total == 2000


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([], "needs profiler events 1 to 1; 0 complete"),
        (mark(0), "needs profiler events 1 to 1; 1 complete"),
        (mark(0, 1000)[:-1], "needs profiler events 1 to 1; 1 complete"),
        ([(END, 0, 7), *mark(0, 1000)], "ended at cycle 7 that never began"),
        (mark(0) + mark(1000, start=5000, core=1), "on core 0 and core 1"),
    ],
)
def test_marks_that_will_not_do(marks: list[Mark], message: str) -> None:
    with pytest.raises(SyncError, match=message):
        layer_cycles(marks, BEGIN, END, (Layer(0, "ADD", 8),), inference=0, clock_hz=CLOCK)


@settings(deadline=None)
@given(
    st.integers(0, 3),
    st.lists(st.lists(st.integers(0, 10**7), min_size=3, max_size=3), min_size=1, max_size=4),
    st.data(),
)
def test_every_inference_gets_its_own_cycles(
    before: int, runs: list[list[int]], data: st.DataObject
) -> None:
    marks = mark(*[10] * before, *(cycles for run in runs for cycles in run))
    marks.insert(data.draw(st.integers(0, len(marks))), (0x1000_0000, 1, 0))  # some other mark
    chosen = data.draw(st.integers(0, len(runs) - 1))
    layers = [Layer(i, "ADD", cycles // 125) for i, cycles in enumerate(runs[chosen])]
    total, timed = layer_cycles(
        marks, BEGIN, END, layers, inference=chosen, clock_hz=CLOCK, before=before
    )
    assert [layer.cycles for layer in timed] == runs[chosen]
    assert total == sum(runs[chosen]) + 100


# ---- the check firmware

CHECK = (
    "hello\ncrc 0 CONV_2D 0x0000beef\ncrc 1 SOFTMAX 0xDEADBEEF\narena 4096\nslow weights 3\n"
    "check done\n"
)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r\r\n"])
def test_check_output(newline: str) -> None:
    checked = parse_check(CHECK.replace("\n", newline))
    assert checked.crcs == ((0, "CONV_2D", 0xBEEF), (1, "SOFTMAX", 0xDEADBEEF))
    assert checked.arena == 4096
    assert checked.slow == (SlowPath("weights", 3),)
    assert parse_check(CHECK.replace("arena 4096\n", "")).arena is None


@pytest.mark.parametrize(
    ("uart", "message"),
    [
        ("", "does not end with 'check done' but nothing"),
        (CHECK[:-6], "but 'check'"),
        (CHECK + "crc 2 ADD 0x00000000\n", "but 'crc 2 ADD 0x00000000'"),
        ("check done\n", "printed no operator"),
        (CHECK.replace("crc 0", "crc 9"), "operator 9, not 0"),
        (CHECK + CHECK, "operator 0, not 2"),
        (CHECK.replace("0x0000beef", "0xbeef"), "operator 1, not 0"),
    ],
)
def test_check_output_that_will_not_do(uart: str, message: str) -> None:
    with pytest.raises(SyncError, match=message):
        parse_check(uart)


WORDS = st.sampled_from(
    [*(f"{line}\n" for line in (NEW_FAILED + OLD_FAILED + BENCH + CHECK).splitlines()), "\r", "²"]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(WORDS).map("".join)))
def test_whatever_is_printed_gives_a_result_or_an_error_for_a_person(uart: str) -> None:
    assert parse_tests("t", uart).passed == (not parse_tests("t", uart).reason)
    events_before(uart)
    for read in (lambda: parse_benchmark(uart, "NoDataIterations(1)"), lambda: parse_check(uart)):
        try:
            read()
        except SyncError as error:
            assert error.message


# ---- examples


def test_an_example_prints_what_is_expected() -> None:
    uart = "hello\r\nscore 93 %\r\nscore 12 %\r\nscore 9"
    result = parse_example("e", uart, [r"^score 9\d %$", r"^score 1\d"])
    assert result.passed and not result.reason
    assert [case.passed for case in result.cases] == [True, True]


@pytest.mark.parametrize(
    ("uart", "said"),
    [
        ("", "no line matches '^score 9'; the last is nothing"),
        ("score 12 %\n", "no line matches '^score 9'; the last is 'score 12 %'"),
        ("score 93 %", "no line matches '^score 9'"),  # cut off: no line yet
    ],
)
def test_an_example_that_does_not(uart: str, said: str) -> None:
    result = parse_example("e", uart, ["^score 9", "score"])
    assert not result.passed
    assert result.reason.startswith(said)
