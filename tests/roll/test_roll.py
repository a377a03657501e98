"""Whole rolls of the miniature: real compiler, real emulator, TFLM on the host as judge."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import Silent, World

from syncer.build.elf import symbols_starting
from syncer.build.linked import read_program
from syncer.build.uf2 import uf2
from syncer.cli.app import run
from syncer.errors import Exit, SyncError
from syncer.git import Repository, ls_remote
from syncer.journal import Journal
from syncer.lock import load_lock, lock_text
from syncer.model import PatchVerdict, StageRecord, Verdict
from syncer.pipeline import STAGES
from syncer.port import Port
from syncer.report import status
from syncer.report.view import behind as behind_it
from syncer.report.view import headline

pytestmark = pytest.mark.slow

EXAMPLES = {"hello_world", "person_example"}


def test_a_roll_passes_and_then_is_up_to_date(shared: World) -> None:
    outcome = shared.roll()
    done = outcome.roll
    assert outcome.error is None, outcome.error
    assert done.verdict is Verdict.PASSED
    assert set(shared.verdicts(done).values()) == {"passed"}
    assert [record.name for record in done.stages] == list(STAGES)

    assert done.tests is not None and len(done.tests.results) == 10 + len(EXAMPLES)
    assert all(result.passed and result.cases for result in done.tests.results)
    assert {result.name for result in done.tests.results} >= EXAMPLES

    assert done.benches is not None
    layers = {bench.name: len(bench.layers) for bench in done.benches.results}
    assert layers == {"person_detection": 31, "keyword": 5, "gesture": 9}
    for bench in done.benches.results:
        assert bench.outputs is Verdict.PASSED, bench.note
        assert all(layer.crc == layer.host_crc is not None for layer in bench.layers)
        assert bench.cycles and sum(layer.cycles or 0 for layer in bench.layers) <= bench.cycles
        assert bench.arena and bench.flash and bench.ram

    document = status.load(shared.port.state / "status.json")
    assert document["verdict"] == "passed"
    body = (shared.port.state / "publish" / "body.md").read_text()
    assert "31 of 31 layers" in body
    assert "+3 commits" in (shared.port.state / "publish" / "title.txt").read_text()

    again = shared.roll()
    assert again.error is None
    assert again.roll.verdict is Verdict.UP_TO_DATE
    cached = {record.name for record in again.roll.stages if record.cached}
    assert cached == {"rebase", "tree", "build", "test", "bench"}
    assert again.roll.benches == done.benches
    assert done.benches.ungated == ""


def written(port: Port) -> dict[str, tuple[int, bytes]]:
    """What the last roll wrote for people and for publishing, by path: inode and content."""
    places = [port.state / name for name in ("report.md", "report.html", "publish", "bundles")]
    files = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
    return {str(f.relative_to(port.state)): (f.stat().st_ino, f.read_bytes()) for f in files}


def test_a_roll_with_nothing_to_do_leaves_what_the_one_before_wrote(shared: World) -> None:
    assert shared.roll().error is None
    state, before = shared.port.state, written(shared.port)
    assert {"report.md", "publish/body.md", "bundles/queue.bundle"} <= before.keys()
    again = shared.roll()
    assert again.roll.verdict is Verdict.UP_TO_DATE
    assert written(shared.port) == before
    assert status.load(state / "status.json")["verdict"] == "up to date"
    assert again.published is not None and "write 3 files" in again.published.text


@pytest.mark.parametrize("spoilt", ["report.md", "publish/body.md", "bundles/queue.bundle"])
@pytest.mark.parametrize("how", ["gone", "changed", "another roll's"])
def test_what_is_no_more_as_it_was_written_is_written_anew(
    shared: World, spoilt: str, how: str
) -> None:
    assert shared.roll().error is None
    file, before = shared.port.state / spoilt, written(shared.port)
    if how == "gone":
        file.unlink()
    elif how == "changed":
        file.write_bytes(file.read_bytes() + b"\n")
    else:
        assert shared.roll("conflict").error is not None
    assert spoilt.startswith("publish/") or written(shared.port).get(spoilt) != before[spoilt]
    again = shared.roll()
    assert again.roll.verdict is Verdict.UP_TO_DATE
    now = written(shared.port)
    assert now.keys() == before.keys()
    # The page also tells how long each stage took.
    assert all(now[name][1] == before[name][1] for name in now if name != "report.html")
    inodes = {name: inode for name, (inode, _) in now.items()}
    assert shared.roll().roll.verdict is Verdict.UP_TO_DATE
    assert {name: inode for name, (inode, _) in written(shared.port).items()} == inodes


def test_a_comment_in_a_file_of_the_ports_is_in_the_bundle(shared: World) -> None:
    """It changes no stage, and what is proposed is made of that very file all the same."""
    assert shared.roll().error is None
    before = written(shared.port)
    with shared.kept():
        shared.port.file.write_bytes(shared.port.file.read_bytes() + b"# remember this\n")
        assert shared.roll().roll.verdict is Verdict.UP_TO_DATE
        assert written(shared.port)["bundles/queue.bundle"] != before["bundles/queue.bundle"]


def test_resolving_is_not_taken_from_before_where_the_clones_lack_something(fresh: World) -> None:
    assert fresh.roll(until="resolve").error is None
    clone = fresh.clone("tflite-micro").path
    shutil.rmtree(clone)
    again = fresh.roll(until="resolve")
    assert again.error is None and again.roll.resolved is not None
    assert fresh.clone("tflite-micro").has(again.roll.resolved.upstream.tree)


def test_two_worlds_give_the_same_figures(shared: World, fresh: World) -> None:
    """Nothing depends on where it ran: same tree, same programs, same cycles."""
    one, two = shared.roll().roll, fresh.roll().roll
    assert one.tree and two.tree and one.tree.digest == two.tree.digest
    assert one.build and two.build
    assert [f.sha256 for f in one.build.firmware] != []
    sizes = [[(f.name, f.flash, f.ram) for f in r.build.firmware] for r in (one, two) if r.build]
    assert sizes[0] == sizes[1]
    images = [
        {Path(f.uf2).name: Path(f.uf2).read_bytes() for f in r.build.firmware if f.uf2}
        for r in (one, two)
        if r.build
    ]
    assert len(images[0]) == 4 and images[0] == images[1]
    assert one.benches and two.benches and one.benches.results == two.benches.results


def test_examples_are_for_every_board_and_print_on_usb_too(shared: World) -> None:
    """What the emulator ran is the very program that lies there as UF2. USB is not modelled, so
    of that only this is seen: its driver and its descriptors are in, and UART is none the worse."""
    build = shared.roll().roll.build
    assert build
    examples = [f for f in build.firmware if f.kind == "example"]
    assert {(f.name, f.board) for f in examples} == {
        (name, board) for name in EXAMPLES for board in shared.port.toml.build.boards
    }
    document = status.load(shared.port.state / "status.json")
    named = [f["uf2"] for f in document["build"]["firmware"]]
    assert len([name for name in named if name]) == len(examples)
    for firmware in examples:
        assert firmware.uf2 is not None and firmware.uf2 in named
        place = Path(firmware.uf2).relative_to(shared.port.state)
        assert place == Path(f"build/examples/{firmware.name}-{firmware.board}.uf2")
        family = shared.port.toml.build.uf2[firmware.board]
        assert uf2(Path(firmware.elf), family) == Path(firmware.uf2).read_bytes()
        for function in ("tud_descriptor_device_cb", "stdio_usb_init", "stdio_uart_init"):
            assert symbols_starting(Path(firmware.elf), function), (firmware.name, function)
    others = [f for f in build.firmware if f.kind != "example"]
    assert not any(symbols_starting(Path(f.elf), "stdio_usb_init") for f in others)
    assert not any(f.uf2 for f in others)


def test_a_core_with_dsp_instructions_runs_upstreams_own_kernels(shared: World) -> None:
    """On the pico2 an override includes the file that it replaces on the pico: the function is
    there, and none of the port's that it would need otherwise."""
    build = shared.roll().roll.build
    assert build
    tree = shared.port.state / "tree"
    overrides = {Path(item.path).stem for item in shared.port.toml.override}
    for board in shared.port.toml.build.boards:
        elf = next(f.elf for f in build.firmware if (f.name, f.board) == ("person_example", board))
        program = read_program(Path(elf), tree)
        assert len(overrides & {f.name for f in program.functions}) >= 4  # of convolutions
        ours = {source for source in program.sources if source.startswith("port/kernels/")}
        assert ("port/kernels/matmul.c" in ours) == (board == "pico")
        assert not ours or board == "pico"


def test_an_example_that_prints_something_else_fails(shared: World) -> None:
    file = shared.port.file
    text = file.read_text()
    assert "[12]?\\d thousandths" in text
    try:
        file.write_text(text.replace("[12]?\\d thousandths", "nothing"))
        outcome = shared.roll(until="test")
    finally:
        file.write_text(text)
    assert outcome.error is not None and outcome.error.exit is Exit.TEST
    assert "hello_world" in outcome.error.message
    assert outcome.roll.tests is not None
    (failed,) = (result for result in outcome.roll.tests.results if not result.passed)
    assert "no line matches" in failed.reason


def test_after_resolve_no_network_is_needed(shared: World) -> None:
    """Upstream is gone once resolve has ended; every later stage does its work all the same."""
    away = shared.folder / "unplugged"

    def unplug(record: StageRecord) -> None:
        if record.name == "resolve":
            shared.upstream.rename(away)

    try:
        outcome = shared.roll("source-added", watch=Silent(unplug))
        assert outcome.error is None, outcome.error
        # Programs that came out the same need not be tested again; all else was done anew.
        assert {r.name for r in outcome.roll.stages if r.cached} <= {"test"}
        unplugged = shared.roll("source-added")
        assert unplugged.error is not None  # it was gone indeed
        assert unplugged.error.exit is Exit.ENVIRONMENT
    finally:
        away.rename(shared.upstream)


def test_until_stops_there(shared: World) -> None:
    done = shared.roll(until="tree").roll
    verdicts = shared.verdicts(done)
    assert verdicts["tree"] == "passed"
    assert {verdicts[name] for name in STAGES[3:]} == {"not run"}
    assert headline(status.status_document(done)) == "Passed as far as it went"
    with pytest.raises(SyncError) as caught:
        shared.roll(until="nowhere")
    assert caught.value.exit is Exit.USAGE


def test_upstreams_commits_under_the_ports_changes_are_noted(shared: World) -> None:
    rebased = shared.roll(until="rebase").roll.rebased
    assert rebased
    (noted,) = rebased.notable
    assert (noted.component, noted.subject) == (
        "tflite-micro",
        "Profiler: tell the number of events",
    )
    assert noted.paths == ("tensorflow/lite/micro/micro_profiler.h",)
    assert noted.by == ("0001-profiler-event-count.patch",)
    stopped = shared.roll("shadowed-changed", until="rebase")
    assert stopped.error and stopped.roll.detail == stopped.error.detail
    (behind,) = behind_it(status.status_document(stopped.roll))
    assert behind["by"] == ["port/rp2040/kernels/arm_nn_mat_mult_nt_t_s8.c"]
    assert behind["commit"][:12] in stopped.error.message


# What stops a roll to a tag: exit, stage, what is said (`{}` stands for the commits to blame, in
# the repository that is named), and what to do.
CMSIS = "cmsis_nn"
STOPS = {
    "conflict": (
        *(Exit.CONFLICT, "rebase"),
        "0001-profiler-event-count.patch conflicts in .*micro_profiler.h since tflite-micro {}",
        "Resolve it in .*conflict.*, then `sync continue`",
    ),
    "deleted": (
        *(Exit.CONFLICT, "rebase"),
        "0001-widen-four-at-a-time.patch conflicts in .* since cmsis_nn {component}, "
        "which tflite-micro pins since {}",
        "Resolve it in .*conflict.*, then `sync continue`",
    ),
    "shadowed-changed": (
        *(Exit.CONFLICT, "rebase"),
        "upstream changed .*arm_nn_mat_mult_nt_t_s8.c under .* with cmsis_nn {component}, "
        "which tflite-micro pins since {}",
        "sync overrides accept .*arm_nn_mat_mult_nt_t_s8.c` keeps the port's file",
    ),
    "renamed-shadowed": (
        *(Exit.CONFLICT, "rebase"),
        "no longer has .*arm_depthwise_conv_3x3_s8.c, .* deleted with cmsis_nn {component}, "
        "which tflite-micro pins since {}",
        "--moved-to .*arm_depthwise_conv_s8_3x3.c",
    ),
    "deleted-shadowed": (
        *(Exit.CONFLICT, "rebase"),
        "no longer has .*arm_depthwise_conv_3x3_s8.c, .* deleted with cmsis_nn {component}, "
        "which tflite-micro pins since {}",
        "Find where its code went",
    ),
    "signature-changed": (
        *(Exit.BUILD, "build"),
        "port/src/micro_time.cc.*error: .*GetCurrentTimeTicks.*; upstream changed "
        ".*micro_time.h with tflite-micro {}",
        "The whole log",
    ),
    "numerics-changed": (
        *(Exit.TEST, "bench"),
        "is the first whose output differs",
        "something else than TFLM on the host",
    ),
    "slowdown": (Exit.GATE, "bench", "person_detection/cycles", "accept it"),
}
PASSES = ("base", "clean-move", "source-added", "pin-bumped", "absorbed", "renamed")


def test_every_tag_of_the_miniature_is_tried(shared: World) -> None:
    tags = {
        ref.removeprefix("refs/tags/")
        for ref in ls_remote(str(shared.upstream / "tflite-micro.git"), "refs/tags/*")
    }
    in_tests = {"test-fails", "test-removed", "test-unbuilt"}  # see test_upstream_tests.py
    assert tags == {*STOPS, *PASSES, *in_tests}


@pytest.mark.parametrize("tag", STOPS)
def test_what_a_roll_must_stop_at(shared: World, tag: str) -> None:
    exit, stage, said, hint = STOPS[tag]
    outcome = shared.roll(tag)
    assert outcome.error is not None
    assert outcome.error.exit is exit, outcome.error
    blamed = {"component": _named(shared, CMSIS, tag) if "{component}" in said else ""}
    pattern = said.format(_named(shared, "tflite-micro", tag), **blamed)
    assert re.search(pattern, outcome.error.message, re.DOTALL), outcome.error.message
    assert re.search(hint.format(), outcome.error.hint)
    verdicts = shared.verdicts(outcome.roll)
    assert verdicts[stage] == str(outcome.roll.verdict)
    assert verdicts["publish"] == "not run"
    assert verdicts["report"] == "passed"
    document = status.load(shared.port.state / "status.json")
    assert document["verdict"] == str(outcome.roll.verdict)
    assert document["message"] == outcome.error.message
    assert document["stages"] == status.status_document(outcome.roll)["stages"]
    # The next roll is none the worse for it.
    assert shared.roll(until="rebase").error is None


def _named(world: World, name: str, tag: str) -> str:
    """How a message names the commit of a tag."""
    repository = Repository(world.upstream / f"{name.replace('_', '-')}.git")
    commit = repository.rev_parse(f"refs/tags/{tag}")
    date, subject = repository.text(["log", "-1", "--format=%cs%n%s", commit]).splitlines()
    return re.escape(f"{commit[:12]} ({date}, {subject})")


@pytest.mark.parametrize("tag", ["base", "clean-move"])
def test_tags_that_need_nothing(shared: World, tag: str) -> None:
    outcome = shared.roll(tag)
    assert outcome.error is None, outcome.error
    assert outcome.roll.verdict in (Verdict.PASSED, Verdict.UP_TO_DATE)
    assert outcome.roll.benches is not None and outcome.roll.benches.ungated == ""


def test_going_back_names_what_is_missing(shared: World) -> None:
    """An accepted upstream that is newer than this one: here every commit between is lacking."""
    lock_file = shared.port.lock_file
    kept = lock_file.read_bytes()
    lock = load_lock(lock_file)
    toml = shared.port.file.read_text()
    cmsis = Repository(shared.upstream / "cmsis-nn.git")
    commits = {
        "tflite-micro": Repository(shared.upstream / "tflite-micro.git").rev_parse(
            "refs/tags/shadowed-changed"
        ),
        CMSIS: cmsis.rev_parse("refs/tags/shadowed-changed"),
    }
    path = "Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c"
    new = cmsis.rev_parse(f"{commits[CMSIS]}:{path}", "blob")
    try:
        lock_file.write_text(lock_text(replace(lock, commits=commits)))
        shared.port.file.write_text(toml.replace(lock.overrides[f"{CMSIS}:{path}"], new))
        outcome = shared.roll("source-added", until="rebase")
        assert outcome.error is not None and outcome.error.exit is Exit.CONFLICT
        assert f"{path} is older" in outcome.error.message
        assert re.search(_named(shared, CMSIS, "shadowed-changed"), outcome.error.message)
        wanted = commits["tflite-micro"][:12]
        assert outcome.error.hint.startswith(f"Roll to --upstream {wanted} or newer")
    finally:
        lock_file.write_bytes(kept)
        shared.port.file.write_text(toml)


def test_upstream_alone(shared: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What stops the port does not stop upstream alone; that proposes and accepts nothing."""
    before = shared.roll("shadowed-changed").roll
    outcome = shared.roll("shadowed-changed", bare=True)
    assert outcome.error is None, outcome.error
    done = outcome.roll
    assert done.bare and done.verdict is Verdict.PASSED
    assert done.rebased is not None and done.rebased.overrides == done.rebased.patches == ()
    assert shared.verdicts(done)["publish"] == "not run"
    assert outcome.published is None
    assert done.benches is not None and {f.limit for f in done.benches.figures} == {None}
    assert all(bench.outputs is Verdict.PASSED for bench in done.benches.results)
    assert headline(status.status_document(done)) == "Upstream alone passes"
    # The port's own roll is the one that counts.
    assert Journal(shared.port.state).last_roll() == before
    assert run(["accept", "--port", str(shared.port.file)]) == Exit.BAD_INPUT
    assert "did not reach the benchmark" in capsys.readouterr().err


def test_a_slowdown_names_figure_and_limit(shared: World) -> None:
    roll = shared.roll("slowdown").roll
    assert roll.benches is not None
    over = {figure.name: figure for figure in roll.benches.figures if figure.over}
    figure = over["person_detection/cycles"]
    assert figure.old and figure.limit and figure.old < figure.limit < figure.new


def test_an_absorbed_patch_leaves_the_queue(shared: World) -> None:
    outcome = shared.roll("absorbed")
    assert outcome.error is None, outcome.error
    assert outcome.roll.rebased is not None
    verdicts = {patch.file: patch.verdict for patch in outcome.roll.rebased.patches}
    assert verdicts["0001-profiler-event-count.patch"] is PatchVerdict.ABSORBED
    publish = shared.port.state / "publish"
    gone = (publish / "deleted.txt").read_text().split()
    assert gone == ["ci/miniature/patches/tflite-micro/0001-profiler-event-count.patch"]


def test_a_renamed_file_is_followed(shared: World) -> None:
    outcome = shared.roll("renamed")
    assert outcome.error is None, outcome.error
    assert outcome.roll.rebased is not None
    (patch,) = [p for p in outcome.roll.rebased.patches if p.component == "cmsis_nn"]
    assert patch.verdict is PatchVerdict.MERGED
    assert patch.refreshed and "rename" not in patch.reason


def test_accept_writes_the_lock_once(fresh: World, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(fresh.port.file)
    assert run(["accept", "--port", file]) == Exit.BAD_INPUT
    assert "no roll has ended yet" in capsys.readouterr().err
    old = load_lock(fresh.port.lock_file)
    outcome = fresh.roll()
    assert outcome.error is None, outcome.error
    assert load_lock(fresh.port.lock_file) == old  # a desk roll never moves the lock
    assert run(["accept", "--port", file]) == Exit.OK
    new = load_lock(fresh.port.lock_file)
    assert outcome.roll.resolved is not None
    assert new.commits["tflite-micro"] == outcome.roll.resolved.upstream.commit
    assert new.figures["person_detection/cycles"] > 0
    assert len(new.overrides) == len(fresh.port.toml.override)
    assert run(["accept", "--port", file]) == Exit.BAD_INPUT  # the lock has moved since
    settled = fresh.roll()
    assert settled.error is None
    assert settled.published is not None and settled.published.action == "unchanged"
    assert run(["status", "--port", file]) == Exit.OK
    assert "person_detection" in capsys.readouterr().out


def test_a_failed_roll_cannot_be_accepted(fresh: World, capsys: pytest.CaptureFixture[str]) -> None:
    fresh.roll("conflict")
    assert run(["accept", "--port", str(fresh.port.file)]) == Exit.BAD_INPUT
    assert "did not reach the benchmark" in capsys.readouterr().err


def test_status_tells_of_a_broken_off_roll(
    fresh: World, capsys: pytest.CaptureFixture[str]
) -> None:
    class Killed(Exception):
        pass

    def die(record: StageRecord) -> None:
        if record.name == "rebase":
            raise Killed

    with pytest.raises(Killed):
        fresh.roll(watch=Silent(die))
    assert run(["status", "--port", str(fresh.port.file)]) == Exit.OK
    said = capsys.readouterr().out
    assert "was broken off in stage rebase" in said
    outcome = fresh.roll(until="rebase")
    assert [r.name for r in outcome.roll.stages if r.cached] == ["rebase"]


def test_the_port_is_held_while_it_rolls(fresh: World) -> None:
    seen: list[Exit] = []

    def second(record: StageRecord) -> None:
        if record.name == "resolve":
            with pytest.raises(SyncError) as caught:
                fresh.roll(until="resolve")
            seen.append(caught.value.exit)

    fresh.roll(until="resolve", watch=Silent(second))
    assert seen == [Exit.HELD]
    assert not Journal(fresh.port.state).is_held()


def test_json_is_the_status_document(fresh: World, tmp_path: Path) -> None:
    order = fresh.order()
    mirrors = tmp_path / "mirrors.toml"
    lines = "".join(f'"{url}" = "{place}"\n' for url, place in order.mirrors.items())
    mirrors.write_text(f"[mirrors]\n{lines}")
    out = tmp_path / "status.json"
    where = ["--port", str(fresh.port.file), "--mirrors", str(mirrors), "--json", str(out)]
    code = run(["roll", *where, "--until", "report", "--upstream", "conflict"])
    assert code == Exit.CONFLICT
    document = json.loads(out.read_text())
    status.check(document)
    assert document["verdict"] == "conflict"


def test_outputs_that_could_not_be_checked_are_checked_the_next_time(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shared.roll().error is None
    with monkeypatch.context() as patch:
        # As on a machine where TFLM's package is not installed.
        patch.setattr("syncer.bench.oracle.WORKER", Path("/nonexistent/worker.py"))
        patch.setattr("syncer.pipeline.steps.package_version", lambda _: "")
        roll = shared.roll().roll
        assert roll.benches is not None
        assert {bench.outputs for bench in roll.benches.results} == {Verdict.NOT_CHECKED}
        assert roll.verdict is Verdict.NOT_CHECKED
        assert shared.verdicts(roll)["bench"] == "not checked"
        assert all(bench.note for bench in roll.benches.results)
        again = shared.roll().roll
        assert not next(r for r in again.stages if r.name == "bench").cached
    assert "not checked" in (shared.port.state / "publish" / "body.md").read_text()
    roll = shared.roll().roll
    assert roll.benches is not None
    assert {bench.outputs for bench in roll.benches.results} == {Verdict.PASSED}


def test_patches_of_no_component_are_not_passed_over(fresh: World) -> None:
    folder = fresh.port.root / "ci/miniature/patches"
    (folder / "cmsis_nn").rename(folder / "cmsis-nn")
    outcome = fresh.roll(until="rebase")
    assert outcome.error is not None
    assert outcome.error.exit is Exit.BAD_INPUT
    assert "cmsis-nn belongs to no component" in outcome.error.message
    assert "cmsis_nn, tflite-micro" in outcome.error.hint
