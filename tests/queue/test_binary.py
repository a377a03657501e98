from __future__ import annotations

import random

import pytest
from lab import Lab

from syncer.errors import SyncError
from syncer.model import PatchVerdict
from syncer.queue.binary import BinaryError, parse_hunk
from syncer.queue.diff import apply_hunks, split_lines
from syncer.queue.mail import Patch, encode, parse_patch
from syncer.queue.rebase import rebase_component

BASE = random.Random(1).randbytes(5000)


def changed(patch: Patch, base: bytes) -> bytes:
    (diff,) = patch.diffs
    return apply_hunks(diff, base, "p")


@pytest.mark.parametrize(
    "new",
    [
        b"",
        b"\0",
        BASE + b"more",
        BASE[:1000] + b"put in" + BASE[1000:],
        BASE[3000:] + BASE[:70000],
        BASE * 30,
        random.Random(2).randbytes(70000),
    ],
    ids=["emptied", "short", "appended", "delta", "turned", "long", "literal"],
)
def test_content_is_exact_and_as_git_makes_it(lab: Lab, new: bytes) -> None:
    base = lab.commit({"f": BASE, "g": b"text\n"})
    patch = lab.patch(base, {"f": new})
    assert changed(patch, BASE) == new
    tree, (result,) = rebase_component(lab.repository, [patch], base)
    assert result.verdict is PatchVerdict.CLEAN
    assert lab.files(tree)["f"] == new
    assert lab.am(base, [patch.text]) == tree


def test_added_deleted_and_renamed(lab: Lab) -> None:
    base = lab.commit({"f": BASE, "k": b"k\n"})
    for files in ({"n": BASE[::-1]}, {"f": None}, {"f": None, "m": BASE + b"\0"}):
        patch = lab.patch(base, dict(files))
        tree, _ = rebase_component(lab.repository, [patch], base)
        assert lab.am(base, [patch.text]) == tree == lab.tree(dict(files), base)


def test_both_sides_changed_is_a_conflict(lab: Lab) -> None:
    base = lab.commit({"f": BASE})
    patch = lab.patch(base, {"f": BASE + b"ours"})
    target = lab.commit({"f": BASE + b"theirs"}, base)
    _, (result,) = rebase_component(lab.repository, [patch], target, base_commit=base)
    assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("f",))


def test_without_context_only_what_is_ours_is_told(lab: Lab) -> None:
    base = lab.commit({"f": BASE})
    with pytest.raises(SyncError, match="cannot be told without upstream's content"):
        lab.patch(base, {"f": BASE + b"x"}, context=0)
    added = lab.patch(base, {"n": BASE[:700]}, context=0)
    assert changed(added, b"") == BASE[:700]
    gone = lab.patch(base, {"f": None}, context=0)
    assert "literal" not in gone.text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("literal 5000", "literal 4999", "does not inflate to 4999 bytes"),
        ("literal 5000", "literal five", "no binary hunk|not a binary hunk"),
        ("\nz", "\nA", "cut short or too long"),
        ("\nz", "\n!", "cut short or too long"),
    ],
)
def test_a_damaged_hunk_is_named_with_its_line(lab: Lab, old: str, new: str, said: str) -> None:
    text = lab.text(lab.commit({"k": b"k\n"}), {"f": BASE})
    with pytest.raises(SyncError, match=r"^c/x\.patch:\d+: ") as caught:
        parse_patch(encode(text.replace(old, new, 1)), "c", "x.patch")
    assert any(part in caught.value.message for part in said.split("|"))


def test_a_delta_fits_its_base_only(lab: Lab) -> None:
    patch = lab.patch(lab.commit({"f": BASE}), {"f": BASE[:100] + b"x" + BASE[100:]})
    assert "\ndelta " in patch.text
    with pytest.raises(SyncError, match="p: f: the delta does not fit its base"):
        changed(patch, BASE + b"y")
    with pytest.raises(SyncError, match="copies from outside its base"):
        changed(patch, BASE[:50])


def test_any_bytes_in_place_of_a_hunk_end_in_an_error(lab: Lab) -> None:
    text = encode(lab.text(lab.commit({"k": b"k\n"}), {"f": BASE[:300]}))
    start = text.index(b"literal")
    draw = random.Random(3)
    for _ in range(300):
        damaged = bytearray(text[start:])
        for _ in range(3):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            parse_hunk(split_lines(bytes(damaged)))
        except BinaryError as error:
            assert str(error)
