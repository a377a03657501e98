"""`sync queue`: what a person sees of it, on the miniature's own queue."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk
from worlds import make_world

from syncer.errors import Exit

FOLDER = "ci/miniature/patches"
PROFILER = f"{FOLDER}/tflite-micro/0001-profiler-event-count.patch"


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    world = make_world(tmp_path_factory.mktemp("queue"))
    assert world.roll("base", until="rebase").error is None
    return Desk(world)


@pytest.fixture
def desk(rolled: Desk) -> Iterator[Desk]:
    yield rolled
    rolled.tidy()


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgSign=false")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


# ---- list


@pytest.fixture
def kept_in_git(desk: Desk) -> Iterator[Desk]:
    git(desk.root, "init", "-q")
    yield desk
    shutil.rmtree(desk.root / ".git")  # whole: what is left of a repository is an error of its own


def test_list_says_what_each_patch_is_and_has_cost(kept_in_git: Desk) -> None:
    desk = kept_in_git
    git(desk.root, "add", FOLDER)
    git(desk.root, "commit", "-qm", "first")
    desk.change(PROFILER, "which a Pico has no room for.", "and a Pico has no room for it.")
    git(desk.root, "commit", "-qam", "refreshed")
    done = desk.run("queue", "list", "--by-cost", "--json", "--port", str(desk.file))
    rows = json.loads(done.out)
    assert [(row["component"], row["refreshed"]) for row in rows] == [
        ("tflite-micro", 1),
        ("cmsis_nn", 0),
    ]
    assert rows[0]["status"] == "Pending"
    assert (rows[0]["files"], rows[0]["added"], rows[0]["removed"]) == (1, 6, 1)
    assert rows[0]["made"].startswith("2026-01-12T09:00:00")
    said = desk.run("queue", "list", "--port", str(desk.file)).out
    assert "Let a port say how many events a profiler holds" in said
    assert "Most work so far: tflite-micro/0001-profiler-event-count.patch" in said


# ---- check


def check(desk: Desk) -> tuple[int, str]:
    done = desk.run("queue", "check", "--port", str(desk.file))
    assert "Traceback" not in done.out + done.err
    return done.status, done.out + done.err


def test_check_is_content_with_what_was_accepted(desk: Desk) -> None:
    for path in desk.world.upstream.iterdir():  # no network: upstream may as well be gone
        path.rename(path.with_suffix(".away"))
    try:
        status, said = check(desk)
    finally:
        for path in desk.world.upstream.iterdir():
            path.rename(path.with_suffix(".git"))
    count = len(desk.world.port.toml.override)
    assert status == Exit.OK, said
    assert f"2 patches, {count} overrides: all apply" in said


def test_check_finds_a_patch_that_does_not_apply(desk: Desk) -> None:
    text = (desk.root / PROFILER).read_text()
    series = f"{FOLDER}/tflite-micro/series"
    again = text.replace(" 4096\n+  static", " 4096\n+  static").replace(
        "TFLM_PROFILER_MAX_EVENTS;", "OTHER;"
    )
    assert again != text
    desk.write(series, "0001-profiler-event-count.patch\n0002-again.patch\n")
    desk.write(f"{FOLDER}/tflite-micro/0002-again.patch", again)
    status, said = check(desk)
    assert status == Exit.BAD_INPUT  # its index line does not say what its hunks give
    assert "0002-again.patch" in said


def test_check_finds_drift_and_what_is_gone(desk: Desk) -> None:
    desk.change("ci/miniature/port.toml", "2aaa282900862d732d02fc4296cb5622c4a4bad8", "0" * 40)
    status, said = check(desk)
    assert status == Exit.CONFLICT
    assert "arm_nn_mat_mult_nt_t_s8.c: drifted: shadows 000000000000" in said
    desk.tidy()
    desk.write(f"{FOLDER}/cmsis_nn/series", "")
    (desk.root / FOLDER / "cmsis_nn/0001-widen-four-at-a-time.patch").unlink()
    status, said = check(desk)
    assert status == Exit.GATE
    assert "cmsis_nn/0001-widen-four-at-a-time.patch: gone" in said


def test_check_tells_what_changed_and_what_is_new(desk: Desk) -> None:
    desk.change(PROFILER, "which a Pico has no room for.", "and a Pico has no room for it.")
    status, said = check(desk)
    assert status == Exit.OK
    assert "0001-profiler-event-count.patch: changed since accepted" in said


def test_check_without_the_clones_says_how_to_have_them(desk: Desk, tmp_path: Path) -> None:
    mirrors = tmp_path / "mirrors.toml"
    mirrors.write_text('[mirrors]\n"https://miniature.invalid/tflite-micro" = "/nowhere"\n')
    arguments = ("queue", "check", "--port", str(desk.file), "--mirrors", str(mirrors))
    desk.run(*arguments).refused(Exit.ENVIRONMENT, "do not have all of tflite-micro")


def test_check_before_anything_was_accepted(desk: Desk) -> None:
    desk.write("ci/miniature/sync.lock", "")
    done = desk.run("queue", "check", "--port", str(desk.file))
    done.refused(Exit.BAD_INPUT, "nothing was accepted yet")


# ---- export and import


@pytest.mark.parametrize("form", ["mails", "quilt", "electron"])
def test_export_and_import_change_nothing(desk: Desk, tmp_path: Path, form: str) -> None:
    port = ("--port", str(desk.file))
    before = {p: p.read_bytes() for p in desk.inputs()}
    done = desk.run("queue", "export", str(tmp_path / "out"), "--as", form, *port)
    assert done.status == Exit.OK, done.err
    for component in ("tflite-micro", "cmsis_nn"):
        source = str(tmp_path / "out" / component)
        options = ("--component", component, "--replace", *port)
        done = desk.run("queue", "import", source, *options)
        assert done.status == Exit.OK, done.err
    assert {p: p.read_bytes() for p in desk.inputs()} == before


def test_a_branch_of_a_clone_and_back(desk: Desk, tmp_path: Path) -> None:
    port = ("--port", str(desk.file), "--component", "tflite-micro")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(desk.world.upstream / "tflite-micro.git"), str(clone))
    done = desk.run("queue", "export", str(clone), "--as", "branch", "--branch", "port", *port)
    assert done.status == Exit.OK, done.err
    git(clone, "checkout", "-q", "port")
    assert git(clone, "log", "-1", "--format=%s") == (
        "Let a port say how many events a profiler holds"
    )
    (clone / "own.txt").write_text("ours\n")
    git(clone, "add", "own.txt")
    git(clone, "commit", "-qm", "Add a file of ours")
    done = desk.run("queue", "import", str(clone), "--branch", "port", "--replace", *port)
    assert done.status == Exit.OK, done.err
    folder = desk.root / FOLDER / "tflite-micro"
    assert (folder / "series").read_text().split() == [
        "0001-profiler-event-count.patch",
        "add-a-file-of-ours.patch",
    ]
    assert desk.world.port.file.is_file()
    assert check(desk)[0] == Exit.OK
    assert git(clone, "status", "--porcelain") == ""


def test_export_upstream_ready(desk: Desk, tmp_path: Path) -> None:
    desk.change(PROFILER, "Upstream-Status: Pending", "Upstream-Status: Inappropriate [ours]")
    out = tmp_path / "out"
    done = desk.run("queue", "export", str(out), "--as", "upstream", "--port", str(desk.file))
    assert done.status == Exit.OK, done.err
    assert "left out tflite-micro/0001-profiler-event-count.patch" in done.out
    (mail,) = (out / "cmsis_nn").iterdir()
    assert "Subject: [PATCH 1/1] Widen four values at a time" in mail.read_text()
    assert "Upstream-Status" not in mail.read_text()


@pytest.mark.parametrize(
    ("arguments", "exit", "said"),
    [
        (("export", "{out}", "--component", "nothing"), Exit.BAD_INPUT, "no component 'nothing'"),
        (("export", "{out}", "--as", "branch"), Exit.BAD_INPUT, "several components have patches"),
        (
            ("export", "{out}", "--as", "branch", "--component", "cmsis_nn"),
            Exit.BAD_INPUT,
            "is not a git repository",
        ),
        (("export", "{full}"), Exit.BAD_INPUT, "is not empty"),
        (("import", "{full}/tflite-micro"), Exit.BAD_INPUT, "holds no patches"),
        (("import", "{full}", "--base", "nowhere"), Exit.BAD_INPUT, "no such commit"),
        (("import", "{full}", "--branch", "x"), Exit.BAD_INPUT, "is not a git repository"),
    ],
)
def test_wrong_inputs_are_told(
    desk: Desk, tmp_path: Path, arguments: tuple[str, ...], exit: Exit, said: str
) -> None:
    full = tmp_path / "full"
    (full / "tflite-micro").mkdir(parents=True)
    (full / "tflite-micro" / "note.txt").write_text("a person's\n")
    (full / "cmsis_nn").mkdir()
    (full / "cmsis_nn" / "note.txt").write_text("a person's\n")
    words = [word.format(out=tmp_path / "out", full=full) for word in arguments]
    desk.run("queue", *words, "--port", str(desk.file)).refused(exit, said)
    assert (full / "cmsis_nn" / "note.txt").read_text() == "a person's\n"
    assert not (tmp_path / "out").exists()


def test_an_import_that_conflicts_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    out, port = tmp_path / "out", ("--port", str(desk.file))
    assert desk.run("queue", "export", str(out), *port).status == Exit.OK
    done = desk.run("queue", "import", str(out / "tflite-micro"), *port)
    done.refused(Exit.BAD_INPUT, "there would be two patches 0001-profiler-event-count.patch")
    mail = out / "tflite-micro" / "0001-profiler-event-count.patch"
    mail.write_text(mail.read_text().replace(" namespace tflite {\n", " namespace other {\n"))
    before = {p: p.read_bytes() for p in desk.inputs()}
    done = desk.run("queue", "import", str(out / "tflite-micro"), "--replace", *port)
    done.refused(Exit.CONFLICT, "0001-profiler-event-count.patch does not apply")
    assert {p: p.read_bytes() for p in desk.inputs()} == before
