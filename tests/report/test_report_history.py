from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rolls import NEW, OLD, real_roll

from syncer.cli.app import run as ours
from syncer.errors import Exit, SyncError
from syncer.git import Repository, init_worktree
from syncer.model import Verdict
from syncer.report import history, view
from syncer.report.history import Entry
from syncer.report.numbers import milliseconds
from syncer.report.status import dumps, status_document

A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def entry(commit: str, day: int, cycles: int, nn: str = OLD, **more: object) -> Entry:
    made = Entry(
        port="p",
        date=f"2026-01-{day:02}T10:00:00Z",
        commit=commit,
        verdict="passed",
        commits={"up": commit, "nn": nn},
        figures={"m/cycles": cycles, "m/flash": 5000, "m/layer/0/CONV": cycles - 100},
        clock_hz={"m": 125_000_000},
        ticks={"m": cycles // 120},
    )
    return replace(made, **more)


@pytest.fixture
def port(tmp_path: Path) -> Path:
    """A port's folder in a git repository of its own."""
    folder = tmp_path / "port"
    init_worktree(folder, tmp_path)
    command = ["init", str(folder), "--name", "p", "--upstream", "https://example.invalid/up"]
    assert ours(command) == Exit.OK
    return folder


def state(port: Path) -> Path:
    return port / ".sync" / "p" / history.FOLDER


# ---- entries


def test_a_roll_leaves_its_figures_and_commits() -> None:
    found = history.entry_of(status_document(real_roll()))
    assert found
    assert found.commit == NEW and found.commits["tflite-micro"] == NEW
    assert found.figures["vision/cycles"] == 12_500_000
    assert found.figures["vision/layer/1/SOFTMAX"] == 1_250_000
    assert found.clock_hz == {"vision": 125_000_000}
    assert found.ticks == {"vision": 100_000}
    assert history.read_entry(history.entry_text(found), "x") == found
    again = replace(real_roll(), verdict=Verdict.UP_TO_DATE)
    assert history.entry_of(status_document(again)) == found
    bare = replace(real_roll(), bare=True)
    assert history.entry_of(status_document(bare)) is None
    assert history.entry_of(status_document(replace(real_roll(), benches=None))) is None


def test_equal_rolls_are_one_entry_and_names_sort_by_upstreams_time(tmp_path: Path) -> None:
    entries = [entry(B, 9, 10), entry(A, 10, 10), entry(A, 10, 11)]
    for one in (*entries, *entries):
        history.store(tmp_path, one)
    assert history.load(tmp_path, tmp_path)[0] == entries[0]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("text", ["", "[]", "{", '{"port": 1}', '{"format": 2}', "\x00"])
def test_what_is_no_entry_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(SyncError, match=r"x\.json: .*no roll of a history"):
        history.load(tmp_path, tmp_path)


# ---- the branch


def test_a_damaged_repository_keeps_no_roll_from_its_report(tmp_path: Path) -> None:
    (tmp_path / ".git" / "refs").mkdir(parents=True)
    assert history.load(tmp_path / "nowhere", tmp_path) == ()


def test_a_history_is_kept_on_a_branch_without_a_parent(port: Path) -> None:
    entries = (entry(A, 1, 100), entry(B, 2, 110))
    first = history.keep(entries[:1], port)
    second = history.keep(entries, port)
    assert first and second and history.keep(entries, port) is None
    repo = Repository(port)
    assert repo.text(["rev-list", "--parents", history.BRANCH]).splitlines() == [
        f"{second} {first}", first,
    ]  # fmt: skip
    assert {e.path for e in repo.ls_tree(second)} == {e.name for e in entries}
    assert history.load(port / "nowhere", port) == entries
    assert not (port / entries[0].name).exists()
    with pytest.raises(SyncError, match="no git repository"):
        history.keep(entries, Path("/"))


# ---- steps


def test_a_step_names_what_came_with_it() -> None:
    entries = [
        entry(A, 1, 10_000), entry(B, 2, 10_010), entry(C, 3, 10_500, nn=NEW),
        entry(C, 3, 9_000, nn=NEW, carried="else"),
    ]  # fmt: skip
    found = history.steps(entries, "m/cycles")
    assert list(found) == [2, 3]
    assert found[2].what == f"{C[:12]}, nn: +4.90 %"
    assert found[3].what == f"{C[:12]}, the port's changes: −14.3 %"
    assert history.steps(entries, "nothing") == {}


def test_charts_name_steps_and_leave_out_what_never_moved() -> None:
    entries = [entry(A, 1, 10_000), entry(B, 2, 12_000)]
    ((heading, drawn),) = history.charts(entries)
    assert heading == "m: latency"
    assert f"{B[:12]}: +20.0 %" in drawn
    assert "2026-01-02 bbbbbbbbbbbb: 0.100 ms, 12,000 cycles (passed)" in drawn


def test_latency_is_what_the_report_says() -> None:
    document = status_document(real_roll())
    found = history.entry_of(document)
    assert found
    (row,) = view.latency(document)
    assert row.time == milliseconds(found.ticks["vision"]) == "100.0 ms"
    ((_, drawn),) = history.charts([found, replace(found, date="2026-02-01T10:00:00Z")])
    assert "100.000 ms" in drawn
    older = replace(found, ticks={})  # by a version that did not keep it
    text = history.entry_text(older)
    assert history.read_entry(text, "x") == older
    assert " ms," not in "".join(drawn for _, drawn in history.charts([older]))


# ---- the command lines


def test_sync_history(port: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def sync(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = ours(["history", "--port", str(port), *arguments])
        return status, *capsys.readouterr()

    assert sync() == (0, "No roll has measured anything yet. Start one with `sync`.\n", "")
    for one in (entry(A, 1, 10_000), entry(B, 2, 12_000, nn=NEW), entry(C, 3, 1, port="other")):
        history.store(state(port), one)
    status, out, _ = sync()
    assert status == 0
    assert re.search(r"a{12} +2026-01-01 +passed +0.08 ms +10,000 +new +5,000 B", out)
    assert re.search(r"b{12} +2026-01-02 .* 12,000 +\+20.0 %", out)
    assert f"2026-01-02 cycles moved with {B[:12]}, nn: +20.0 %" in out
    assert "cccc" not in out
    assert len(json.loads(sync("--json")[1])) == 2
    assert "aaaa" not in sync("--last", "1")[1]
    page = tmp_path / "h.html"
    assert sync("--chart", str(page))[0] == 0
    assert "<svg class" in page.read_text() and "m: latency" in page.read_text()
    assert sync("--keep")[1].startswith("sync-history: ")
    assert "has all of them" in sync("--keep")[1]
    for wrong, said in (
        (["--model", "x"], "There is: m."),
        (["--last", "0"], "--last"),
        (["--chart", "/nowhere/x.html"], "/nowhere"),
        (["--what"], "--what"),
    ):
        status, out, error = sync(*wrong)
        assert status != 0 and said in error, wrong


def test_sync_bench_compare(
    port: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(port)

    def sync(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = ours(["bench", *arguments])
        return status, *capsys.readouterr()

    history.store(state(port), entry(A, 1, 10_000))
    history.store(state(port), entry(B, 2, 9_000))
    document = tmp_path / "status.json"
    document.write_text(dumps(status_document(real_roll())))
    lock = tmp_path / "sync.lock"
    lock.write_text('format = 1\n[figures]\n"m/cycles" = 8000\n')

    status, out, _ = sync("--compare", "aaaa", "last")
    assert status == 0
    assert re.search(r"m/cycles +10,000 +9,000 +−10.0 %", out)
    assert re.search(r"m/flash +5,000 B +5,000 B +=", out)
    assert "layer" not in out
    assert "m/layer/0/CONV" in sync("--compare", "aaaa", "bbbb", "--layers")[1]
    assert re.search(r"m/cycles +8,000 +9,000", sync("--compare", str(lock), "last")[1])
    rows = json.loads(sync("--compare", "aaaa", str(document), "--json")[1])
    by_name = {row["name"]: row for row in rows}
    assert by_name["vision/cycles"] == {
        "name": "vision/cycles", "unit": "cycles", "old": None, "new": 12_500_000,
    }  # fmt: skip
    assert by_name["m/cycles"]["new"] is None
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    for wrong, said in (
        (["--compare", "accepted", "last"], "has no figures"),
        (["--compare", "zzzz", "last"], "is no roll of the history"),
        (["--compare", str(bad), "last"], "is no JSON"),
        (["--compare", "last"], "--compare"),
        (["--compare", "last", "last", "--upstream", "x"], "runs nothing"),
        (["--layers"], "go with --compare"),
    ):
        status, out, error = sync(*wrong)
        assert status != 0 and said in error, (wrong, error)
