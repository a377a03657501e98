"""Merges made without git are the ones that git makes."""

from __future__ import annotations

import os
import random

import pytest
from lab import Lab

from syncer.queue.merging import merge_files, merge_texts

COUNT = int(os.environ.get("SYNC_MERGES", "600"))
SEED = int(os.environ.get("SYNC_SEED", "1"))


def text(rng: random.Random, most: int = 40) -> list[bytes]:
    """Lines of which many are there several times, as braces and empty lines are in a program."""
    words = [b"{\n", b"}\n", b"\n", *(b"w%d\n" % n for n in range(rng.choice((2, 6, 60))))]
    return [rng.choice(words) for _ in range(rng.randrange(1, most))]


def edited(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    """A few edits in one part of it or anywhere: lines that are new, old, moved, copied or gone."""
    new = list(lines)
    low, apart = rng.randrange(len(new) + 1), rng.choice((5, 5, 40))
    for _ in range(rng.randrange(1, 4)):
        at = min(len(new), (low + rng.randrange(apart)) % (len(new) + 1))
        kind = rng.randrange(5)
        if kind == 0:
            new[at:at] = text(rng, 4)
        elif kind == 1:
            del new[at : at + rng.randrange(1, 4)]
        elif kind == 2 and new:
            start = rng.randrange(len(new))
            new[at:at] = new[start : start + rng.randrange(1, 9)]  # copied
        elif kind == 3 and new:
            start = rng.randrange(len(new))
            cut = new[start : start + 2]
            del new[start : start + 2]
            new[at:at] = cut  # moved
        elif new:
            new[min(at, len(new) - 1)] = b"mine %d\n" % rng.randrange(3)
    return new


def joined(rng: random.Random, lines: list[bytes]) -> bytes:
    whole = b"".join(lines)
    return whole.removesuffix(b"\n") if rng.randrange(8) == 0 else whole


def test_what_is_merged_here_is_what_git_merges(lab: Lab) -> None:
    rng = random.Random(SEED)
    sides = []
    for _ in range(COUNT):
        base = text(rng)
        sides.append([joined(rng, lines) for lines in (base, edited(rng, base), edited(rng, base))])
    found = [merge_texts(*three) for three in sides]
    certain = [number for number, merged in enumerate(found) if merged is not None]
    blobs = {data: lab.repository.write_blob(data) for three in sides for data in three}
    trees = {
        data: lab.repository.write_tree(None, {"f": ("100644", id)}) for data, id in blobs.items()
    }
    results = lab.repository.merge_trees(
        [(trees[b], trees[o], trees[t]) for b, o, t in (sides[number] for number in certain)]
    )
    for number, result in zip(certain, results, strict=True):
        assert result.clean, sides[number]
        assert lab.files(result.tree) == {"f": found[number]}, sides[number]
    both = [n for n in certain if sides[n][0] not in sides[n][1:] and sides[n][1] != sides[n][2]]
    assert len(both) > COUNT / 10  # changed on both sides, and yet certain


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\n", b"A\nb\nC\n"),
        (b"a\nb\nc\n", b"a\nb\nC\n", b"A\nb\nc\n", b"A\nb\nC\n"),
        (b"a\nb\nb\nc\n", b"A\nb\nb\nc\n", b"a\nb\nb\nC\n", None),  # which of the two parts them?
        (b"a\nb\nc\n", b"A\nb\nc\nb\n", b"a\nb\nC\n", None),
        (b"a\nb\nc\n", b"A\nB\nc\n", b"a\nb\nC\n", None),  # nothing parts them
        (b"a\nb\nc\n", b"A\nb\nC\n", b"a\nB\nc\n", None),  # on both sides
        # A change amid the other's, in a stretch that is as it was.
        (b"a\n1\nb\n2\nc\n", b"A\n1\nb\n2\nC\n", b"a\n1\nB\n2\nc\n", b"A\n1\nB\n2\nC\n"),
        (b"a\n1\nB\n2\nc\n", b"A\n1\nb\n2\nC\n", b"a\n1\nb\n2\nc\n", None),  # both there
        (b"a\n1\nb\n1\nc\n", b"A\n1\nb\n1\nC\n", b"a\n1\nB\n1\nc\n", None),
        # Three lines moved from before it to after it, as many as the stretch has.
        (b"x\n{\n}\n1\nb\n2\n", b"1\nb\n2\nx\n{\n}\n", b"x\n{\n}\n1\nB\n2\n", None),
        (b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\n\0\n", None),  # binary
        (b"x\nb\nc\n", b"ab\nc\n", b"x\nb\nC\n", None),  # its end begins in the midst of a line
    ],
)
def test_merge_of_a_text(base: bytes, ours: bytes, theirs: bytes, merged: bytes | None) -> None:
    assert merge_texts(base, ours, theirs) == merged


def test_files_that_are_not_merged_here() -> None:
    one, two, link = ("100644", "1" * 40), ("100644", "2" * 40), ("120000", "1" * 40)
    read = dict[str, bytes]().__getitem__
    assert merge_files({"f": one}, {"f": two}, {"f": one, "g": two}, read) == {"g": two}
    assert merge_files({"f": one}, {"f": ("100755", one[1])}, {"f": two}, read) == {
        "f": ("100755", two[1])
    }
    assert merge_files({"f": one}, {"f": two}, {"f": two}, read) == {}
    assert merge_files({"f": one}, {"f": one}, {}, read) is None  # deleted
    assert merge_files({"f": one}, {}, {"f": two}, read) is None  # deleted by upstream
    assert merge_files({}, {"f": one}, {"f": two}, read) is None  # added by both
    assert merge_files({"f": one}, {"f": one, "f/x": two}, {"f": two}, read) is None
    assert merge_files({"f": link}, {"f": two}, {"f": link}, read) is None
