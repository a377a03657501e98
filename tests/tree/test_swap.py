"""The tree on disk: edits are never overwritten, and a kill at any step is no edit."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from syncer.errors import Exit
from syncer.tree.swap import Edit, EditedTree, replace_tree

ONE = {"a.c": b"int a;\n", "sub/b.c": b"int b;\n"}
TWO = {"a.c": b"int a = 2;\n", "sub/b.c": b"int b;\n", "c.c": b"int c;\n"}
TREES = {"up": "1" * 40}


def files(tree: Path) -> dict[str, bytes]:
    return {p.relative_to(tree).as_posix(): p.read_bytes() for p in tree.rglob("*") if p.is_file()}


def only_the_tree(folder: Path) -> None:
    """Nothing else was left, but for the empty folders of the next one."""
    assert {p.name for p in folder.iterdir()} - {"tree.new"} == {"tree", "tree.json"}
    assert not files(folder / "tree.new")


def refused(folder: Path, wanted: dict[str, bytes] = TWO) -> EditedTree:
    before = files(folder / "tree")
    with pytest.raises(EditedTree) as caught:
        replace_tree(wanted, folder, {"up": "2" * 40})
    assert files(folder / "tree") == before
    assert not files(folder / "tree.new") and not (folder / "tree.old").exists()
    return caught.value


def test_one_tree_takes_the_place_of_another(tmp_path: Path) -> None:
    for wanted in (ONE, TWO, ONE):
        replace_tree(wanted, tmp_path, TREES)
        assert files(tmp_path / "tree") == wanted
    only_the_tree(tmp_path)


def test_folders_come_and_go(tmp_path: Path) -> None:
    deep = {"a/b/c.c": b"int c;\n", "a/d": b"", "e/f/g/h.h": b""}
    shallow = {"a": b"once a folder\n", "e/f": b"", "i/j/k.c": b"int k;\n"}
    for wanted in (deep, shallow, deep, ONE, deep):
        replace_tree(wanted, tmp_path, TREES)
        assert files(tmp_path / "tree") == wanted
        made = {p for p in (tmp_path / "tree").rglob("*") if p.is_dir()}
        assert made == {
            p for path in wanted for p in (tmp_path / "tree" / path).parents if p in made
        }
        only_the_tree(tmp_path)


def test_a_file_edited_in_place_stops_it(tmp_path: Path) -> None:
    replace_tree(ONE, tmp_path, TREES)
    (tmp_path / "tree/sub/b.c").write_text("int mine;\n")
    error = refused(tmp_path)
    assert error.edits == (Edit("sub/b.c", added=False),)
    assert error.exit is Exit.CONFLICT
    assert "sub/b.c" in error.message
    assert error.trees == TREES  # what it was made from, not what it was to be made from
    assert f"mv {tmp_path}/tree {tmp_path}/tree.mine" in error.hint
    refused(tmp_path)  # asking twice changes nothing
    (tmp_path / "tree").rename(tmp_path / "tree.mine")  # as the hint says
    replace_tree(TWO, tmp_path, TREES)
    assert files(tmp_path / "tree") == TWO
    assert (tmp_path / "tree.mine/sub/b.c").read_text() == "int mine;\n"


def test_a_file_that_was_added_stops_it(tmp_path: Path) -> None:
    replace_tree(ONE, tmp_path, TREES)
    (tmp_path / "tree/sub/new.c").write_text("int mine;\n")
    (tmp_path / "tree/link.c").symlink_to(tmp_path / "elsewhere.c")
    error = refused(tmp_path)
    assert error.edits == (Edit("link.c", added=True), Edit("sub/new.c", added=True))
    assert "sub/new.c (added)" in error.message


def test_an_edit_that_the_port_has_taken_over_is_none(tmp_path: Path) -> None:
    replace_tree(ONE, tmp_path, TREES)
    (tmp_path / "tree/a.c").write_bytes(TWO["a.c"])
    (tmp_path / "tree/c.c").write_bytes(TWO["c.c"])
    replace_tree(TWO, tmp_path, TREES)
    assert files(tmp_path / "tree") == TWO


def test_nothing_is_lost_with_a_deleted_file_or_a_build_folder(tmp_path: Path) -> None:
    replace_tree(ONE, tmp_path, TREES)
    (tmp_path / "tree/a.c").unlink()
    build = tmp_path / "tree/build/CMakeFiles"
    build.mkdir(parents=True)
    (build.parent / "CMakeCache.txt").touch()
    (build / "a.o").touch()
    replace_tree(TWO, tmp_path, TREES)
    assert files(tmp_path / "tree") == TWO


def test_a_tree_that_nobody_knows_is_set_aside(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree/a.c").write_text(f"int mine{number};\n")
        (tmp_path / "tree.json").unlink(missing_ok=True)
        replace_tree(ONE, tmp_path, TREES)
        assert files(tmp_path / "tree") == ONE
        assert (tmp_path / f"tree.aside-{number}/a.c").read_text() == f"int mine{number};\n"
        shutil.rmtree(tmp_path / "tree")


class Killed(BaseException):
    pass


def killed(
    folder: Path, at: int, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, bytes]
) -> bool:
    """Replace the tree, dying at the `at`-th step that changes a name on disk; whether it did."""
    steps = 0
    with monkeypatch.context() as patch:

        def counted(real: object) -> object:
            def step(*arguments: object, **options: object) -> object:
                nonlocal steps
                steps += 1
                if steps == at:
                    raise Killed
                return real(*arguments, **options)  # type: ignore[operator]

            return step

        patch.setattr(Path, "rename", counted(Path.rename))
        patch.setattr("shutil.rmtree", counted(shutil.rmtree))
        patch.setattr("os.unlink", counted(os.unlink))
        try:
            replace_tree(wanted, folder, TREES)
        except Killed:
            return True
        except EditedTree:
            return False
    return False


@pytest.mark.parametrize("at", range(1, 13))
@pytest.mark.parametrize("again", [1, 3, 99])
def test_a_kill_at_any_step_is_no_edit(
    tmp_path: Path, at: int, again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_tree(ONE, tmp_path, TREES)
    killed(tmp_path, at, monkeypatch, TWO)
    killed(tmp_path, again, monkeypatch, ONE | {"d.c": b"int d;\n"})
    replace_tree(TWO, tmp_path, TREES)
    assert files(tmp_path / "tree") == TWO
    only_the_tree(tmp_path)


@pytest.mark.parametrize("at", range(1, 13))
def test_a_kill_at_any_step_loses_no_edit(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_tree(ONE, tmp_path, TREES)
    (tmp_path / "tree/a.c").write_text("int mine;\n")
    killed(tmp_path, at, monkeypatch, TWO)
    with pytest.raises(EditedTree) as caught:
        replace_tree(TWO, tmp_path, TREES)
    assert caught.value.edits == (Edit("a.c", added=False),)
    assert (tmp_path / "tree/a.c").read_text() == "int mine;\n"


def test_the_steps_that_are_killed_are_all_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(1, 13):
        folder = tmp_path / str(at)
        folder.mkdir()
        replace_tree(ONE, folder, TREES)
        if not killed(folder, at, monkeypatch, TWO):
            break
    assert 5 < at < 12
