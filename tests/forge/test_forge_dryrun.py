from __future__ import annotations

from pathlib import Path

import pytest

from syncer.errors import Exit, SyncError
from syncer.forge.dryrun import DryRun
from syncer.forge.protocol import Forge
from syncer.model import Proposal

PROPOSAL = Proposal(
    branch="sync/upstream",
    title="Roll upstream to 0123456789ab",
    body="Body\n",
    files={
        "port/sync.lock": "x = 1\r\n",
        "patches/a/0001.patch": "caf\udce9\n",
        "patches/old": None,
    },
)


def test_everything_that_would_be_sent_is_there(tmp_path: Path) -> None:
    forge: Forge = DryRun(tmp_path / "out")
    said = forge.publish(PROPOSAL)
    out = tmp_path / "out"
    assert (out / "branch.txt").read_text() == "sync/upstream\n"
    assert (out / "title.txt").read_text() == "Roll upstream to 0123456789ab\n"
    assert (out / "body.md").read_text() == "Body\n"
    assert (out / "files/port/sync.lock").read_bytes() == b"x = 1\r\n"
    assert (out / "files/patches/a/0001.patch").read_bytes() == b"caf\xe9\n"
    assert (out / "deleted.txt").read_text() == "patches/old\n"
    assert not (out / "files/patches/old").exists()
    assert said.action == "would-create"
    assert said.url is None
    for part in ("nothing was sent", "sync/upstream", "2 files", "delete 1", str(out)):
        assert part in said.text


def test_a_second_run_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    DryRun(tmp_path).publish(PROPOSAL)
    (tmp_path / "body.md").unlink()  # as if it had been broken off
    again = Proposal("sync/upstream", "Other", "New\n", {"README.md": "r"})
    DryRun(tmp_path).publish(again)
    files = [p for p in (tmp_path / "files").rglob("*") if p.is_file()]
    assert files == [tmp_path / "files/README.md"]
    assert (tmp_path / "title.txt").read_text() == "Other\n"
    assert (tmp_path / "deleted.txt").read_text() == ""


@pytest.mark.parametrize("theirs", ["notes.txt", "files/mine.c", "body.md"])
def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, theirs: str) -> None:
    (tmp_path / theirs).parent.mkdir(exist_ok=True)
    (tmp_path / theirs).write_text("precious")
    with pytest.raises(SyncError, match="no dry run wrote") as error:
        DryRun(tmp_path).publish(PROPOSAL)
    assert error.value.hint
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / theirs]
    assert (tmp_path / theirs).read_text() == "precious"


def test_what_was_added_to_a_dry_run_is_not_lost(tmp_path: Path) -> None:
    DryRun(tmp_path).publish(PROPOSAL)
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(SyncError, match="no dry run wrote"):
        DryRun(tmp_path).publish(PROPOSAL)
    assert (tmp_path / "files/port/sync.lock").exists()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ".git/config", "a\\b", "", "a\0"])
def test_no_file_outside_the_repository(tmp_path: Path, path: str) -> None:
    with pytest.raises(SyncError) as error:
        DryRun(tmp_path / "out").publish(Proposal("b", "t", "b", {path: ""}))
    assert error.value.exit == Exit.BUG
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SyncError, match="cannot write the dry run") as error:
        DryRun(tmp_path / "file" / "out").publish(PROPOSAL)
    assert error.value.exit == Exit.ENVIRONMENT
