"""Files and folders change whole or not at all, wherever a process is killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncer import durable
from syncer.durable import clear_up, fresh_folder, mend, put_in_place, remove_folder, write_whole
from syncer.errors import Exit, SyncError


class Killed(BaseException):
    """As if the process ended here: nothing after it runs but what `except` may not catch."""


def test_a_file_is_replaced_whole_or_not(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    write_whole(target, b"one")
    write_whole(target, b"two")
    assert target.read_bytes() == b"two"
    assert [p.name for p in target.parent.iterdir()] == ["file"]
    (tmp_path / "blocked").write_text("")
    with pytest.raises(SyncError) as caught:
        write_whole(tmp_path / "blocked" / "file", b"x")
    assert caught.value.exit is Exit.ENVIRONMENT


def make(final: Path, text: str) -> None:
    fresh = fresh_folder(final)
    (fresh / "a").write_text(text)
    (fresh / "b").write_text(text)
    put_in_place(final, durable=True)


def contents(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in folder.iterdir()}


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    for text in ("one", "two"):
        make(final, text)
        assert contents(final) == {"a": text, "b": text}
    assert list(tmp_path.iterdir()) == [final]


def killing(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process killed before the `calls`-th rename or removal."""
    left = [calls]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*arguments, **more)

        return call

    monkeypatch.setattr(Path, "rename", counted(Path.rename))
    monkeypatch.setattr(durable.shutil, "rmtree", counted(durable.shutil.rmtree))


@pytest.mark.parametrize("calls", range(7))
def test_killed_between_any_two_steps(
    tmp_path: Path, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = tmp_path / "folder"
    make(final, "old")
    with monkeypatch.context() as patch:
        killing(calls, patch)
        try:
            make(final, "new")
        except Killed:
            pass
        else:
            assert calls >= 5  # all steps done: the parameters reach beyond the last
    clear_up(tmp_path)
    texts = set(contents(final).values())
    assert texts in ({"old"}, {"new"})
    assert len(contents(final)) == 2
    assert list(tmp_path.iterdir()) == [final]


def test_half_removed_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final = tmp_path / "folder"
    make(final, "old")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        killing(2, patch)
        remove_folder(final)
    assert not final.exists()
    clear_up(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    for name in ("x.sync-new", ".hidden", ".sync", "folder.old", "tree.new"):
        (tmp_path / name).mkdir()
    (tmp_path / ".file.sync-part").write_text("half")
    clear_up(tmp_path)
    clear_up(tmp_path / "absent")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *(".hidden", ".sync", "folder.old", "tree.new", "x.sync-new")
    ]
    mend(tmp_path / "nothing")
