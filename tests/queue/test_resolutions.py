"""Recorded resolutions by themselves: what their files hold, and what they lead to."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from lab import Content, Lab

from syncer.errors import SyncError
from syncer.model import PatchVerdict
from syncer.queue.conflict import find_conflict, side_by_side
from syncer.queue.mail import Patch, encode
from syncer.queue.rebase import rebase_component, required_blobs
from syncer.queue.resolutions import (
    Decisions,
    Resolution,
    parse_resolution,
    read_resolutions,
    resolution_text,
)

LINES = [b"line %d of the file\n" % n for n in range(1, 31)]
TEXT = b"".join(LINES)
BY = "Zoë Ångström <zoe@example.com>"
DATE = "Mon, 30 Nov 2026 08:00:00 +0000"


def replaced(number: int, new: bytes, text: bytes = TEXT) -> bytes:
    return text.replace(b"line %d of the file\n" % number, new)


def resolution(lab: Lab, patch: Patch, target: str, result: dict[str, Content]) -> Resolution:
    text = resolution_text(
        *(lab.repository, patch, target, lab.commit(result, target)),
        by=BY,
        date=DATE,
        from_commit="unknown",
        to_commit=target,
    )
    return parse_resolution(encode(text), "x")


def test_the_file_counts_what_is_removed_and_quotes_none_of_it(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "g/é": TEXT})
    patch = lab.patch(base, {"f": replaced(10, b"mine\n"), "g/é": None}, context=0)
    upstream = replaced(10, b"theirs\n", replaced(11, b"secret\n"))
    target = lab.commit({"f": upstream, "g/é": replaced(3, b"secret too\n")}, base)
    result: dict[str, Content] = {
        "f": replaced(12, b"", replaced(10, b"mine, after theirs\r\n", upstream)),
        "g/é": None,
    }
    made = resolution(lab, patch, target, result)
    data = encode(made.text)
    for line in (b"secret", b"theirs\n-", b"line ", b"\n-l", b"\n "):
        assert line not in data
    assert (made.by, made.date, made.from_commit, made.to_commit) == (BY, DATE, "unknown", target)
    assert made.is_of(patch) and made.file == f"0001-change.{target[:12]}.resolution"
    assert lab.am(target, [made.text]) is None

    _, (stuck,) = rebase_component(lab.repository, [patch], target, base_commit=base)
    assert stuck.verdict is PatchVerdict.CONFLICT
    decisions = Decisions((made,))
    tree, (done,) = rebase_component(
        lab.repository, [patch], target, base_commit=base, decisions=decisions
    )
    assert done.verdict is PatchVerdict.RESOLVED
    assert done.reason == f"as resolved by {BY}, {DATE}"
    assert tree == lab.tree(result, target)
    # The refreshed patch does the same by itself.
    assert done.refreshed is not None
    again = Patch(**{**vars(patch), **_parsed(done.refreshed)})
    assert rebase_component(lab.repository, [again], target)[0] == tree


def _parsed(text: str) -> dict[str, object]:
    from syncer.queue.mail import parse_patch

    return vars(parse_patch(encode(text), "upstream", "0001-change.patch", context=0))


def test_it_leads_on_where_upstream_moved_and_waits_where_it_conflicts_again(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    patch = lab.patch(base, {"f": replaced(10, b"mine\n")})
    first = lab.commit({"f": replaced(10, b"theirs\n")}, base)
    made = resolution(lab, patch, first, {"f": replaced(10, b"both\n")})
    decisions = Decisions((made,))

    def verdict(target: str) -> tuple[str, str]:
        tree, (result,) = rebase_component(
            lab.repository, [patch], target, base_commit=base, decisions=decisions
        )
        assert (
            lab.repository.missing(
                required_blobs(
                    lab.repository, [patch], target, base_commit=base, decisions=decisions
                )
            )
            == ()
        )
        return str(result.verdict), lab.files(tree)["f"].decode()

    second = lab.commit({"f": replaced(25, b"new\n", replaced(10, b"theirs\n"))}, first)
    assert verdict(second) == ("resolved", replaced(25, b"new\n", replaced(10, b"both\n")).decode())
    third = lab.commit({"f": replaced(10, b"others\n")}, first)
    assert verdict(third)[0] == "conflict"
    assert verdict(base) == ("clean", replaced(10, b"mine\n").decode())
    other = lab.patch(base, {"f": replaced(10, b"mine indeed\n")})
    assert not made.is_of(other)


def test_of_a_stack_the_later_patches_follow(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    texts = [TEXT, replaced(10, b"one\n"), replaced(11, b"two\n", replaced(10, b"one\n"))]
    patches = [
        lab.patch(lab.commit({"f": old}, base), {"f": new}, name=f"{n}.patch")
        for n, (old, new) in enumerate(pairwise(texts), 1)
    ]
    target = lab.commit({"f": replaced(10, b"theirs\n")}, base)
    found = find_conflict(lab.repository, patches, target, base_commit=base)
    assert found is not None and found.patch.file == "1.patch"
    made = resolution(lab, patches[0], target, {"f": replaced(10, b"both\n")})
    found = find_conflict(
        lab.repository, patches, target, base_commit=base, decisions=Decisions((made,))
    )
    assert found is not None and found.patch.file == "2.patch"
    skipping = Decisions((), frozenset({"upstream/1.patch"}))
    _, results = rebase_component(
        lab.repository, patches, target, base_commit=base, decisions=skipping
    )
    assert [str(r.verdict) for r in results] == ["skipped", "conflict"]


def test_sides(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    mine = replaced(20, b"mine 20\n", replaced(10, b"mine\t10\n"))
    patch = lab.patch(base, {"f": mine})
    theirs = replaced(20, b"theirs 20\n" * 60, replaced(10, b"theirs \x1b[31m\xe9\n"))
    found = find_conflict(lab.repository, [patch], lab.commit({"f": theirs}, base))
    assert found is not None
    regions = list(found.regions())
    assert [(r.path, r.line) for r in regions] == [("f", 10), ("f", 20)]
    assert regions[0].patch == ("-line 10 of the file", "+mine\t10")
    shown = side_by_side(regions, width=30, most=10)
    assert "f:10" in shown and "\x1b" not in "".join(shown)
    assert any(line.endswith("│ +mine   10") for line in shown)
    assert shown[-1] == "  … 51 more lines"
    assert {stage.number for stage in found.stages} == {1, 2, 3}
    assert b"<<<<<<< upstream\n" in found.blobs[found.left["f"][1]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("By: ", "X-By: ", "no By: header"),
        ("Date: Mon, ", "Date: someday ", "is no date"),
        ("To-Commit: ", "To-Commit: x", "names no patch, or no commit"),
        ("Resolution: upstream/", "Resolution: ", "names no patch"),
        ("a/f b/f", "a/../f b/../f", "unsafe path"),
        ("+both\n", "", "cut short"),
    ],
)
def test_what_is_refused(lab: Lab, tmp_path: Path, old: str, new: str, message: str) -> None:
    base = lab.commit({"f": TEXT})
    patch = lab.patch(base, {"f": replaced(10, b"mine\n")})
    target = lab.commit({"f": replaced(10, b"theirs\n")}, base)
    made = resolution(lab, patch, target, {"f": replaced(10, b"both\n")})
    place = tmp_path / "r" / made.name
    place.parent.mkdir(parents=True)
    place.write_bytes(encode(made.text))
    assert read_resolutions([tmp_path / "r", tmp_path / "none"], "upstream") == (made,)
    assert old in made.text
    place.write_bytes(encode(made.text.replace(old, new, 1)))
    with pytest.raises(SyncError, match=message) as caught:
        read_resolutions([tmp_path / "r"], "upstream")
    assert str(place) in caught.value.message and caught.value.hint


def test_one_in_the_wrong_place_or_edited_by_hand(lab: Lab, tmp_path: Path) -> None:
    base = lab.commit({"f": TEXT})
    patch = lab.patch(base, {"f": replaced(10, b"mine\n")})
    target = lab.commit({"f": replaced(10, b"theirs\n")}, base)
    made = resolution(lab, patch, target, {"f": replaced(10, b"both\n")})
    place = tmp_path / "upstream" / "other.resolution"
    place.parent.mkdir()
    place.write_bytes(encode(made.text))
    with pytest.raises(SyncError, match="is the resolution upstream/0001-change"):
        read_resolutions([tmp_path], "upstream")
    edited = parse_resolution(encode(made.text.replace("+both", "+bath")), "x")
    with pytest.raises(SyncError, match="but its index line says"):
        rebase_component(lab.repository, [patch], target, decisions=Decisions((edited,)))
    with pytest.raises(SyncError, match="nothing of it is left"):
        resolution(lab, patch, target, {})
