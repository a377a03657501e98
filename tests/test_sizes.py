"""sync.sizes: read back what was written; what moved, and what cannot be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import SyncError
from syncer.model import SizeMove
from syncer.sizes import LEAST, largest, load_sizes, moves, sizes_text

names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
tables = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}(@[a-z]{1,4})?", fullmatch=True),
    st.dictionaries(
        st.tuples(names, st.sampled_from(["flash", "ram", "flash+ram"])),
        st.integers(LEAST, 10**7),
        max_size=8,
    ),
    max_size=4,
)


@given(tables)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, sizes: dict[str, dict[tuple[str, str], int]]
) -> None:
    file = tmp_path_factory.mktemp("sizes") / "sync.sizes"
    file.write_text(sizes_text(sizes), encoding="utf-8", newline="")
    assert load_sizes(file) == sizes
    assert sizes_text(load_sizes(file)) == sizes_text(sizes)
    assert moves(sizes, load_sizes(file)) == ()


def test_none_accepted_where_there_is_no_file(tmp_path: Path) -> None:
    assert load_sizes(tmp_path / "sync.sizes") == {}


def test_what_programs_share_stands_there_once() -> None:
    text = sizes_text(
        {"one": {(".text", "flash"): 8, ("f", "flash"): 64, ("tiny", "flash"): LEAST - 1},
         "two": {("f", "flash"): 64, ("g\n\x1b", "ram"): 70}}
    )  # fmt: skip
    rows = [line for line in text.splitlines() if line[0] not in "#p"]
    assert rows == ["8 flash 1 .text", "64 flash 1,2 f", "70 ram 2 g??"]


@pytest.mark.parametrize("row", ["64 flash 2 f", "many flash 1 f", "64 flash", "-1 flash 1 f"])
def test_a_row_that_is_none_is_named(tmp_path: Path, row: str) -> None:
    file = tmp_path / "sync.sizes"
    file.write_text(f"# sizes\nprogram 1 one\n{row}\n")
    with pytest.raises(SyncError, match="sync.sizes:3") as caught:
        load_sizes(file)
    assert "git checkout" in caught.value.hint


def test_sections_then_the_symbols_that_moved_most() -> None:
    old = {"one": {(".text", "flash"): 900, (".bss", "ram"): 40, ("f", "flash"): 100,
                   ("g", "flash"): 200, ("h", "ram"): 300, ("left", "flash"): 500}}  # fmt: skip
    new = {"one": {(".text", "flash"): 960, (".bss", "ram"): 40, ("f", "flash"): 110,
                   ("g", "flash"): 100, ("h", "ram"): 300, ("came", "flash"): 64,
                   ("grew", "flash"): 40}, "other": {("f", "flash"): 1000}}  # fmt: skip
    found = moves(old, new)
    assert found == (
        SizeMove("one", ".text", "flash", 900, 960),
        SizeMove("one", "left", "flash", 500, 0),
        SizeMove("one", "g", "flash", 200, 100),
        SizeMove("one", "came", "flash", 0, 64),
        # "grew" may have been there with a few bytes less: nothing is said of it.
        SizeMove("one", "f", "flash", 100, 110),
    )
    assert [move.name for move in moves(old, new, most=1)] == [".text", "left"]


def test_the_largest_are_sections_in_order_then_symbols() -> None:
    new = {
        "p": {(".bss", "ram"): 90, (".text", "flash"): 700, ("a", "flash"): 40, ("b", "ram"): 50}
    }
    old = {"p": {(".text", "flash"): 600}}
    found = largest(old, new, most=1)
    assert [(item.name, item.old, item.new) for item in found] == [
        (".text", 600, 700),
        (".bss", 0, 90),
        ("b", 0, 50),
    ]
