"""sync.lock: read back what was written; refuse what this version does not write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import SyncError
from syncer.lock import Anchor, Lock, load_lock, lock_text

NAMES = st.text(max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
TEXTS = st.dictionaries(NAMES, VALUES, max_size=4)
IDS = st.dictionaries(NAMES, st.text("0123456789abcdef", min_size=40, max_size=40), max_size=4)
NUMBERS = st.dictionaries(st.text(max_size=8), st.integers(0, 2**53), max_size=4)


ANCHORS = st.builds(Anchor, why=VALUES, figures=NUMBERS)


@given(
    st.builds(
        Lock, commits=IDS, overrides=TEXTS, carried=TEXTS, tools=TEXTS, figures=NUMBERS,
        anchor=ANCHORS, kernels=TEXTS,
    )
)  # fmt: skip
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, lock: Lock) -> None:
    file = tmp_path_factory.mktemp("lock") / "sync.lock"
    file.write_text(lock_text(lock), encoding="utf-8", newline="")
    assert load_lock(file) == lock
    assert lock_text(load_lock(file)) == lock_text(lock)


def test_no_lock_is_a_first_roll(tmp_path: Path) -> None:
    assert load_lock(tmp_path / "sync.lock") == Lock()


def test_a_lock_from_before_anchors_is_anchored_at_what_it_accepts(tmp_path: Path) -> None:
    file = tmp_path / "sync.lock"
    file.write_text("format = 1\n[figures]\ncycles = 7\n")
    assert load_lock(file).anchored == {"cycles": 7}
    file.write_text("format = 1\n[figures]\ncycles = 7\n[anchor.figures]\ncycles = 5\n")
    assert load_lock(file).anchored == {"cycles": 5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format = ", "not valid TOML"),
        ("format = 2", "reads format 1"),
        ("[figures]\ncycles = 'many'", "figures.cycles"),
        ("[colours]", "colours"),
        ("format = 2\n[colours]", "reads format 1"),
        ("[commits]\na = 'main'", "commits.a: 'main' is no commit"),
        ("[figures]\na = -1", "figures.a"),
        ("<<<<<<< HEAD\nformat = 1", "conflict markers"),
    ],
)
def test_a_lock_of_another_form_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "sync.lock"
    file.write_text(text)
    with pytest.raises(SyncError, match=said) as caught:
        load_lock(file)
    assert caught.value.hint
