"""`sync adopt`: a fork made from the miniature upstream comes apart and together again."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, Done
from worlds import ROOT, World, make_world

from syncer.errors import Exit
from syncer.git import Repository
from syncer.lock import load_lock

LIKE = str(ROOT / "ci/miniature/port.toml")
PROFILER = "tensorflow/lite/micro/micro_profiler.h"
WIDEN = "Source/NNSupportFunctions/arm_q7_to_q15_with_offset.c"
MATRIX = "Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("adopt"))
    (made.folder / "cache").mkdir()
    return made


def fork_of(world: World, folder: Path) -> Path:
    """A downstream as they are: upstream's files below src/, sources named .cpp, some edited, one
    rewritten, one that upstream never had, and no word of where it came from."""
    for name, tag, place in (
        ("tflite-micro", "source-added", "src"),
        ("cmsis-nn", "base", "src/third_party/cmsis_nn"),
    ):
        tree = folder / "tree" / name
        repository = Repository(world.upstream / f"{name}.git")
        repository.export(repository.rev_parse(f"refs/tags/{tag}"), tree)
        for path in sorted(p for p in tree.rglob("*") if p.is_file()):
            inside = path.relative_to(tree).as_posix()
            if inside.startswith(("tensorflow/lite/micro/tools", "README")):
                continue
            target = folder / "fork" / place / re.sub(r"\.cc$", ".cpp", inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    fork = folder / "fork"
    edit(fork / "src" / PROFILER, "kMaxEvents = 4096", "kMaxEvents = 1024")
    edit(fork / "src/third_party/cmsis_nn" / WIDEN, "int32_t i = 0", "int32_t i = 0L")
    (fork / "src/third_party/cmsis_nn" / MATRIX).write_text("// all of it ours\n" * 40)
    header = fork / "src/tensorflow/lite/micro/micro_time.h"
    header.write_bytes(header.read_bytes().replace(b"\n", b"\r\n"))
    (fork / "src/board.cpp").write_text("int board() { return 1; }\n")
    (fork / "examples").mkdir()
    (fork / "examples/blink.c").write_text("int main(void) { return 0; }\n")
    (fork / "CMakeLists.txt").write_text("project(fork)\n")
    return fork


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def adopt(world: World, fork: Path, into: Path, *options: str) -> Done:
    desk = Desk(world)
    return desk.run("adopt", str(fork), "--into", str(into), "--like", LIKE, *options)


def record(into: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((into / "port/adopted.json").read_text())
    return found


def test_a_fork_becomes_a_port_that_gives_it_back(world: World, tmp_path: Path) -> None:
    fork, into = fork_of(world, tmp_path), tmp_path / "port"
    before = {p: p.read_bytes() for p in fork.rglob("*") if p.is_file()}
    done = adopt(world, fork, into)
    assert done.status == Exit.OK, done.out + done.err
    assert {p: p.read_bytes() for p in fork.rglob("*") if p.is_file()} == before

    upstream = Repository(world.upstream / "tflite-micro.git")
    found = record(into)
    assert found["base"] == upstream.rev_parse("refs/tags/source-added")
    assert (found["proof"], found["stopped"]) == ("tree", "")
    assert found["moves"][0][:2] == ["src", ""]
    # All but one file comes out again, to the byte.
    assert found["remainder"] == [
        ["src/tensorflow/lite/micro/micro_time.h", "other line ends"],
    ]
    assert found["reproduced"] == len(before) - 1
    assert (found["edited"], found["overridden"], found["own"]) == (2, 1, 3)

    toml = tomllib.loads((into / "port/port.toml").read_text())
    (override,) = toml["override"]
    assert (override["component"], override["path"]) == ("cmsis_nn", MATRIX)
    assert (into / override["source"]).read_bytes() == before[
        fork / "src/third_party/cmsis_nn" / MATRIX
    ]
    tree = into / ".sync/port/tree"
    assert "kMaxEvents = 1024" in (tree / PROFILER).read_text()
    assert (tree / "board.cpp").read_text() == "int board() { return 1; }\n"
    assert (tree / "CMakeLists.txt").read_text() == "project(fork)\n"
    assert not (tree / "tensorflow/lite/micro/tools").exists()

    # It is a port like any other: its queue holds, and goes on to what upstream has today.
    lock = load_lock(into / "port/sync.lock")
    assert lock.commits["tflite-micro"] == found["base"]
    desk = Desk(world)
    place = ("--port", str(into))
    check = desk.run("queue", "check", *place)
    assert (check.status, "2 patches, 1 overrides: all apply" in check.out) == (Exit.OK, True)
    rolled = desk.sync("roll", *place, "--until", "rebase", "--upstream", "conflict")
    rolled.refused(Exit.CONFLICT, "Profiler: room for twice as many events")


def test_a_forks_history_gives_the_patches_their_authors(world: World, tmp_path: Path) -> None:
    fork, into = fork_of(world, tmp_path), tmp_path / "port"

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Zoë", "-c", "user.email=zoe@example.com")
        subprocess.run(["git", *who, *arguments], cwd=fork, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "Import")
    edit(fork / "src/third_party/cmsis_nn" / WIDEN, "int32_t i = 0L", "int32_t i = 0U")
    git("commit", "-qam", "Count without a sign")
    done = adopt(world, fork, into, "--until", "rebase")
    assert done.status == Exit.OK, done.out + done.err
    (patch,) = (into / "patches/cmsis_nn").glob("*.patch")
    text = patch.read_text()
    assert patch.name == "0001-count-without-a-sign.patch"
    assert "Subject: [PATCH] Count without a sign\n" in text
    assert "=?UTF-8?q?Zo=C3=AB?= <zoe@example.com>" in text
    assert record(into)["proof"] == "rebase"


@pytest.mark.parametrize(
    ("arguments", "exit", "said"),
    [
        (("{other}",), Exit.BAD_INPUT, "the fork has no file that"),
        (("{empty}",), Exit.BAD_INPUT, "has no files"),
        (("{other}", "--ref", "main"), Exit.BAD_INPUT, "is no git repository"),
        (("{other}", "--into", "{other}/port"), Exit.BAD_INPUT, "lies in the fork"),
        (("{empty}", "--into", "{other}"), Exit.BAD_INPUT, "is not empty"),
        (("{other}", "--like", "{other}"), Exit.BAD_INPUT, "{other}"),
        (("{other}", "--branch", "nowhere"), Exit.BAD_INPUT, "no branch, tag or commit 'nowhere'"),
    ],
)
def test_wrong_inputs_are_told(
    world: World, tmp_path: Path, arguments: tuple[str, ...], exit: Exit, said: str
) -> None:
    other, empty = tmp_path / "other", tmp_path / "empty"
    other.mkdir()
    empty.mkdir()
    (other / "note.txt").write_text("nothing of upstream's\n")
    words = [word.format(other=other, empty=empty) for word in arguments]
    if "--into" not in words:
        words += ["--into", str(tmp_path / "port")]
    if "--like" not in words:
        words += ["--like", LIKE]
    Desk(world).run("adopt", *words).refused(exit, said.format(other=other))
    assert [p.name for p in other.iterdir()] == ["note.txt"]
    assert not (tmp_path / "port").exists()
