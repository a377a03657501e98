from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab import Content, Lab

from syncer.errors import SyncError
from syncer.git import blob_id, init_bare
from syncer.model import PatchResult, PatchVerdict
from syncer.queue.diff import split_lines
from syncer.queue.mail import Patch, encode, parse_patch
from syncer.queue.rebase import rebase_component, required_blobs

LINES = [b"line %d of the file\n" % n for n in range(1, 31)]
TEXT = b"".join(LINES)


def edited(changes: dict[int, bytes], text: bytes = TEXT) -> bytes:
    """`text` with lines (from 1) replaced; an added newline inserts."""
    lines = split_lines(text)
    return b"".join(changes.get(n, line) for n, line in enumerate(lines, 1))


def after(line: int, new: bytes = b"the port's own line\n", text: bytes = TEXT) -> bytes:
    lines = split_lines(text)
    return b"".join([*lines[:line], new, *lines[line:]])


def verdicts(results: tuple[PatchResult, ...]) -> list[str]:
    return [result.verdict.value for result in results]


def one(
    lab: Lab, patch: Patch, target: str, base: str | None = None
) -> tuple[dict[str, bytes], PatchResult]:
    tree, (result,) = rebase_component(lab.repository, [patch], target, base_commit=base)
    return lab.files(tree), result


def refreshed(patch: Patch, result: PatchResult) -> Patch:
    assert result.refreshed is not None
    return parse_patch(encode(result.refreshed), patch.component, patch.file, context=patch.context)


# ---- clean and merged


@pytest.mark.parametrize("context", [0, 3])
def test_clean(lab: Lab, context: int) -> None:
    base = lab.commit({"f.c": TEXT, "g.c": TEXT})
    patch = lab.patch(base, {"f.c": after(10)}, context=context)
    files, result = one(lab, patch, lab.commit({"g.c": b"other\n"}, base))
    assert result == PatchResult(
        "upstream", "0001-change.patch", "Change something", PatchVerdict.CLEAN, ("f.c",)
    )
    assert files == {"f.c": after(10), "g.c": b"other\n"}


@pytest.mark.parametrize("context", [0, 3])
def test_merged_and_refreshed(lab: Lab, context: int) -> None:
    base = lab.commit({"f.c": TEXT, "g.c": TEXT})
    body = "Why.\n\nUpstream-Status: Pending"
    patch = lab.patch(base, {"f.c": after(10), "g.c": after(3)}, context=context, body=body)
    upstream = edited({1: b"first\nand more\n", 30: b"last\n"})
    target = lab.commit({"f.c": upstream}, base)
    files, result = one(lab, patch, target)
    assert result.verdict is PatchVerdict.MERGED
    assert result.paths == ("f.c", "g.c")
    assert files == {"f.c": after(11, text=upstream), "g.c": after(3)}
    new = refreshed(patch, result)
    assert new.head == patch.head
    assert new.diffs[1] == patch.diffs[1]
    assert (new.diffs[0].old_id, new.diffs[0].new_id) == (
        blob_id(upstream),
        blob_id(after(11, text=upstream)),
    )
    assert new.diffs[0].marked is (context == 0)
    tree = lab.tree({"f.c": files["f.c"], "g.c": files["g.c"]}, target)
    again, results = rebase_component(lab.repository, [new], target)
    assert (again, verdicts(results), results[0].refreshed) == (tree, ["clean"], None)
    if context:
        assert lab.am(target, [new.text]) == tree


def test_crlf_no_newline_and_names(lab: Lab) -> None:
    text = TEXT.replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    base = lab.commit({"é/ü f.c": text})
    patch = lab.patch(base, {"é/ü f.c": after(12, b"mine\r\n", text)})
    upstream = edited({30: b"last\r\nno newline"}, text)
    files, result = one(lab, patch, lab.commit({"é/ü f.c": upstream}, base))
    assert result.verdict is PatchVerdict.MERGED
    assert files == {"é/ü f.c": after(12, b"mine\r\n", upstream)}
    assert refreshed(patch, result).paths == ("é/ü f.c",)
    assert "diff --git a/é/ü f.c b/é/ü f.c\n" in (result.refreshed or "")


def test_add_delete_rename_and_mode(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "gone": b"gone\n", "old": TEXT, "run": b"#!\n", "keep": b"k"})
    patch = lab.patch(
        base,
        {
            "added": b"new\n",
            "empty": b"",
            "gone": None,
            "old": None,
            "sub/new": after(7),
            "run": ("100755", b"#!\n"),
            "link": ("120000", b"f"),
        },
    )
    target = lab.commit({"f": b"other\n"}, base)
    tree, (result,) = rebase_component(lab.repository, [patch], target)
    assert result.verdict is PatchVerdict.CLEAN
    modes = {"added": "100644", "empty": "100644", "f": "100644", "keep": "100644"}
    modes |= {"link": "120000", "run": "100755", "sub/new": "100644"}
    assert lab.modes(tree) == modes
    target = lab.commit({"old": edited({28: b"changed\n"}), "run": b"#!/bin/sh\n"}, base)
    tree, (result,) = rebase_component(lab.repository, [patch], target)
    assert result.verdict is PatchVerdict.MERGED
    assert lab.modes(tree) == modes
    assert lab.files(tree)["sub/new"] == after(7, text=edited({28: b"changed\n"}))
    assert lab.files(tree)["run"] == b"#!/bin/sh\n"
    assert lab.am(target, [refreshed(patch, result).text]) == tree


def test_deletion_by_id_alone(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "k": b"k\n"})
    patch = lab.patch(base, {"f": None, "k": b"k\nl\n"}, context=0)
    files, result = one(lab, patch, base)
    assert (files, result.verdict) == ({"k": b"k\nl\n"}, PatchVerdict.CLEAN)
    files, result = one(lab, patch, lab.commit({"k": b"new\n" * 3 + b"k\n"}, base))
    assert result.verdict is PatchVerdict.MERGED
    assert refreshed(patch, result).diffs[0] == patch.diffs[0]
    _, result = one(lab, patch, lab.commit({"f": edited({3: b"x\n"})}, base))
    assert result.conflicts == ("f",)
    assert result.reason == (
        "CONFLICT (modify/delete): f deleted in the patch and modified in upstream"
    )


def test_pure_rename_goes_with_any_content(lab: Lab) -> None:
    base = lab.commit({"old": TEXT})
    patch = lab.patch(base, {"old": None, "new": TEXT})
    assert patch.diffs[0].old_id is None
    target = lab.commit({"old": b"quite another file\n"}, base)
    files, result = one(lab, patch, target)
    assert files == {"new": b"quite another file\n"}
    assert result.verdict is PatchVerdict.CLEAN
    _, result = one(lab, patch, lab.commit({"old": None, "new": TEXT}, base))
    assert result.verdict is PatchVerdict.ABSORBED
    _, result = one(lab, patch, lab.commit({"old": None, "x": b"x"}, base))
    assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("old",))
    assert result.reason == "upstream no longer has old"


def test_upstreams_rename_is_followed(lab: Lab) -> None:
    base = lab.commit({"a/f.c": TEXT, "a/similar.c": edited({2: b"2\n"})})
    patch = lab.patch(base, {"a/f.c": after(10)})
    moved = edited({25: b"upstream's\n"})
    target = lab.commit({"a/f.c": None, "b/g.c": moved}, base)
    files, result = one(lab, patch, target, base)
    assert result.verdict is PatchVerdict.MERGED
    assert files["b/g.c"] == after(10, text=moved)
    assert result.paths == ("b/g.c",)
    assert refreshed(patch, result).paths == ("b/g.c",)
    # Not knowing where upstream came from, a similar file may be another file.
    _, result = one(lab, patch, target)
    assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("a/f.c",))
    files, result = one(lab, patch, lab.commit({"a/f.c": None, "b/g.c": TEXT}, base))
    assert files["b/g.c"] == after(10)


def test_similar_file_is_not_taken_for_a_removed_one(lab: Lab) -> None:
    base = lab.commit({"f_s8.c": TEXT, "f_s16.c": edited({2: b"2\n"})})
    patch = lab.patch(base, {"f_s8.c": after(10)})
    target = lab.commit({"f_s8.c": None}, base)
    for known in (base, None):
        files, result = one(lab, patch, target, known)
        assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("f_s8.c",))
        assert files == {"f_s16.c": edited({2: b"2\n"})}


# ---- conflicts


def test_conflict_ends_the_rebase(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "g": TEXT})
    patches = [
        lab.patch(base, {"g": after(3)}, name="1.patch"),
        lab.patch(base, {"f": edited({10: b"mine\n"}), "g": after(20)}, name="2.patch"),
        lab.patch(base, {"h": b"h\n"}, name="3.patch"),
    ]
    target = lab.commit({"f": edited({10: b"theirs\n"})}, base)
    tree, results = rebase_component(lab.repository, patches, target)
    assert verdicts(results) == ["clean", "conflict"]
    assert results[1].conflicts == ("f",)
    assert "Merge conflict in f" in results[1].reason
    assert results[1].refreshed is None
    assert lab.files(tree) == {"f": edited({10: b"theirs\n"}), "g": after(3)}


@pytest.mark.parametrize(
    ("ours", "change"),
    [
        ({"n": b"mine\n"}, {"n": b"theirs\n"}),
        ({"n": b"mine\n"}, {"n/x": b"theirs\n"}),
        ({"d/x": b"mine\n"}, {"d": b"theirs\n"}),
        ({"f": None}, {"f": edited({3: b"changed\n"})}),
        ({"f": edited({3: b"changed\n"})}, {"f": None}),
    ],
)
def test_conflicts_of_whole_files(
    lab: Lab, ours: dict[str, Content], change: dict[str, Content]
) -> None:
    base = lab.commit({"f": TEXT, "k": b"k\n"})
    patch = lab.patch(base, ours)
    target = lab.commit(change, base)
    tree, (result,) = rebase_component(lab.repository, [patch], target, base_commit=base)
    assert result.verdict is PatchVerdict.CONFLICT
    assert result.conflicts
    assert result.reason
    assert tree == lab.repository.rev_parse(target, "tree")


# ---- nothing left to do


def test_absorbed(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "g": TEXT})
    patch = lab.patch(base, {"f": after(10), "g": after(5)})
    for change in (
        {"f": after(10), "g": after(5)},
        {"f": after(10, text=edited({25: b"more\n"})), "g": after(5)},
    ):
        target = lab.commit(dict(change), base)
        tree, (result,) = rebase_component(lab.repository, [patch], target)
        assert result.verdict is PatchVerdict.ABSORBED
        assert result.refreshed is None
        assert tree == lab.repository.rev_parse(target, "tree")


def test_half_absorbed_is_refreshed_to_the_other_half(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "g": TEXT})
    patch = lab.patch(base, {"f": after(10), "g": after(5)})
    files, result = one(lab, patch, lab.commit({"f": after(10)}, base))
    assert result.verdict is PatchVerdict.MERGED
    assert result.paths == ("g",)
    assert refreshed(patch, result).diffs == patch.diffs[1:]
    assert files == {"f": after(10), "g": after(5)}


def test_deletion_is_absorbed_only_if_the_lines_are_gone(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    patch = lab.patch(base, {"f": edited({10: b"", 11: b""})})
    _, result = one(lab, patch, lab.commit({"f": edited({10: b"", 11: b"", 25: b"x\n"})}, base))
    assert result.verdict is PatchVerdict.ABSORBED
    moved = edited({10: b"", 11: b"", 25: b"x\n" + LINES[9] + LINES[10]})
    tree, (result,) = rebase_component(lab.repository, [patch], lab.commit({"f": moved}, base))
    assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("f",))
    assert result.reason == "upstream moved lines that this removes to line 24 of f"
    assert lab.files(tree) == {"f": moved}


def test_removed_file_is_absorbed_only_if_it_was_not_moved(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "k": b"k\n"})
    for context in (0, 3):
        patch = lab.patch(base, {"f": None}, context=context)
        for known in (base, None):
            _, result = one(lab, patch, lab.commit({"f": None}, base), known)
            assert result.verdict is PatchVerdict.ABSORBED
            _, result = one(lab, patch, lab.commit({"f": None, "g": TEXT}, base), known)
            assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("f",))
            assert result.reason == "upstream moved f to g"


def test_moved_lines_are_a_conflict_beside_a_change_that_merges(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "g": TEXT})
    patch = lab.patch(base, {"f": edited({10: b"", 11: b""}), "g": after(4)})
    moved = edited({10: b"", 11: b"", 25: b"x\n" + LINES[9] + LINES[10]})
    tree, (result,) = rebase_component(lab.repository, [patch], lab.commit({"f": moved}, base))
    assert (result.verdict, result.conflicts) == (PatchVerdict.CONFLICT, ("f",))
    assert lab.files(tree) == {"f": moved, "g": TEXT}


def test_lines_that_say_nothing_are_not_looked_for(lab: Lab) -> None:
    text = edited({10: b"}\n"})
    base = lab.commit({"f": text, "__init__.py": b"", "a/__init__.py": b""})
    patch = lab.patch(base, {"f": edited({10: b""}), "__init__.py": None})
    target = lab.commit({"f": edited({10: b"", 25: b"}\n"}), "__init__.py": None}, base)
    assert one(lab, patch, target)[1].verdict is PatchVerdict.ABSORBED


def test_refresh_keeps_the_section_of_a_file_that_did_not_change(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "g": TEXT})
    text = lab.text(base, {"f": after(10), "g": after(10)})
    at = text.index("@@ -", text.index("+++ b/g"))
    line = text[at : text.index("\n", at)]
    own = (
        text[:at] + f"@@{line.split('@@')[1]}@@ as the author's git had it" + text[at + len(line) :]
    )
    patch = parse_patch(encode(own), "upstream", "x.patch")
    _, result = one(lab, patch, lab.commit({"f": edited({28: b"x\n"})}, base))
    assert result.verdict is PatchVerdict.MERGED
    assert refreshed(patch, result).diffs[1] == patch.diffs[1]


def test_lines_upstream_gained_elsewhere_are_pointed_out(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    patch = lab.patch(base, {"f": after(10)})
    files, result = one(lab, patch, lab.commit({"f": after(20)}, base))
    assert result.verdict is PatchVerdict.MERGED
    assert result.reason == "line 21 of upstream's f already has lines that this adds"
    assert files["f"] == after(10, text=after(20))
    base = lab.commit({"f": after(20)})
    patch = lab.patch(base, {"f": after(10, text=after(20))})
    _, result = one(lab, patch, lab.commit({"f": edited({30: b"x\n"}, after(20))}, base))
    assert (result.verdict, result.reason) == (PatchVerdict.MERGED, "")


def test_lines_upstream_moved_out_of_reach_are_pointed_out(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    patch = lab.patch(base, {"f": edited({4: b"mine\n", 10: b"", 11: b""})})
    moved = edited({10: b"", 11: b"", 25: b"x\n" + LINES[9] + LINES[10]})
    files, result = one(lab, patch, lab.commit({"f": moved}, base))
    assert result.verdict is PatchVerdict.MERGED
    assert result.reason == "line 24 of f still has lines that this removes"
    assert files["f"] == edited({4: b"mine\n"}, moved)


def test_emptied_by_the_patches_before_it(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    patches = [
        lab.patch(base, {"f": edited({5: b"a\n", 20: b"b\n"})}, name="1.patch"),
        lab.patch(base, {"f": edited({20: b"b\n"})}, name="2.patch"),
    ]
    _, results = rebase_component(lab.repository, patches, base)
    assert verdicts(results) == ["clean", "emptied"]
    assert results[1].reason == "the patches before it leave nothing to change"
    target = lab.commit({"f": edited({20: b"b\n"})}, base)
    _, results = rebase_component(lab.repository, patches, target)
    assert verdicts(results) == ["merged", "absorbed"]
    empty = dataclasses.replace(patches[0], diffs=(), text=patches[0].head)
    _, results = rebase_component(lab.repository, [empty], base)
    assert verdicts(results) == ["emptied"]


def test_dropped(lab: Lab) -> None:
    base = lab.commit({"f": TEXT, "doc/API é.md": b"old\n"})
    fix = lab.commit({"doc/API é.md": b"has int wide(void) now\n"}, base)
    conditions = [
        f"Drop-When: commit {fix}",
        "Drop-When: contains doc/API.md nothing\nDrop-When: contains doc/x int wide(void)",
    ]
    for body in conditions:
        patch = lab.patch(base, {"f": after(3)}, body=body)
        assert one(lab, patch, base)[1].verdict is PatchVerdict.CLEAN
    fix2 = lab.commit({"doc/x": b"has int wide(void) now\n"}, fix)
    for body, reason in zip(
        conditions,
        [f"upstream has commit {fix}", "doc/x contains 'int wide(void)'"],
        strict=True,
    ):
        patch = lab.patch(base, {"f": after(3)}, body=body)
        files, result = one(lab, patch, fix2)
        assert (result.verdict, result.reason) == (PatchVerdict.DROPPED, reason)
        assert files["f"] == TEXT
    unknown = lab.patch(base, {"f": after(3)}, body=f"Drop-When: commit {'1' * 40}")
    assert one(lab, unknown, base)[1].verdict is PatchVerdict.CLEAN
    for condition in ("someday", "commit abc", "contains f"):
        patch = lab.patch(base, {"f": after(3)}, body=f"Drop-When: {condition}")
        with pytest.raises(SyncError, match="Drop-When: .* is not understood"):
            one(lab, patch, base)


# ---- stacked patches


@pytest.mark.parametrize("context", [0, 3])
def test_stacked(lab: Lab, context: int, tmp_path: Path) -> None:
    texts = [TEXT, after(5, b"a\n"), after(6, b"b\n", after(5, b"a\n"))]
    texts.append(after(7, b"c\n", texts[2]))
    author = Lab(tmp_path / "elsewhere")  # so that what they make is not in the clone
    patches = [
        author.patch(author.commit({"f": old}), {"f": new}, name=f"{number}.patch", context=context)
        for number, (old, new) in enumerate(pairwise(texts))
    ]
    base = lab.commit({"f": TEXT})
    tree, results = rebase_component(lab.repository, patches, base)
    assert verdicts(results) == ["clean"] * 3
    assert lab.files(tree) == {"f": texts[3]}
    upstream = edited({25: b"x\n"})
    target = lab.commit({"f": upstream}, base)
    tree, results = rebase_component(lab.repository, patches, target)
    assert verdicts(results) == ["merged"] * 3
    assert lab.files(tree) == {"f": edited({28: b"x\n"}, texts[3])}
    new = [refreshed(p, r) for p, r in zip(patches, results, strict=True)]
    again, results = rebase_component(lab.repository, new, target)
    assert (again, verdicts(results)) == (tree, ["clean"] * 3)
    # The first is upstream now: the others stand on it.
    target = lab.commit({"f": edited({26: b"x\n"}, texts[1])}, base)
    merged, results = rebase_component(lab.repository, patches, target)
    assert verdicts(results) == ["absorbed", "merged", "merged"]
    assert merged == tree


def test_patch_and_its_revert(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    changed = lab.commit({"f": after(3)}, base)
    patches = [
        lab.patch(base, {"f": after(3)}, name="1.patch"),
        lab.patch(changed, {"f": TEXT}, name="2.patch"),
    ]
    tree, results = rebase_component(lab.repository, patches, base)
    assert verdicts(results) == ["clean", "clean"]
    assert tree == lab.repository.rev_parse(base, "tree")


def test_content_made_twice_is_taken_from_where_it_can_be_made(lab: Lab, tmp_path: Path) -> None:
    author = Lab(tmp_path / "elsewhere")
    texts = [TEXT, after(5, b"a\n"), after(20, b"b\n", after(5, b"a\n")), after(5, b"a\n")]
    patches = [
        author.patch(author.commit({"f": old}), {"f": new}, name=f"{number}.patch", body=body)
        for number, ((old, new), body) in enumerate(
            zip(pairwise(texts), ["Drop-When: contains f line 1 ", "", ""], strict=True)
        )
    ]
    tree, results = rebase_component(lab.repository, patches, lab.commit({"f": TEXT}))
    assert verdicts(results) == ["dropped", "merged", "merged"]
    assert lab.files(tree) == {"f": TEXT}


def test_blob_that_is_nowhere(lab: Lab, tmp_path: Path) -> None:
    author = Lab(tmp_path / "elsewhere")
    patch = author.patch(author.commit({"f": TEXT}), {"f": after(3)})
    target = lab.commit({"f": edited({20: b"x\n"})})
    with pytest.raises(SyncError, match=f"made from, {blob_id(TEXT)}, is not in") as caught:
        rebase_component(lab.repository, [patch], target)
    assert "upstream/0001-change.patch: f: " in caught.value.message


def test_patch_that_lies_is_refused_even_if_it_would_be_clean(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    text = lab.text(base, {"f": after(10)}).replace("+the port's", "+the part's")
    patch = parse_patch(encode(text), "upstream", "x.patch")
    with pytest.raises(SyncError, match="but its index line says"):
        rebase_component(lab.repository, [patch], base)


def test_partial_clone_needs_only_the_required_blobs(lab: Lab, tmp_path: Path) -> None:
    lab.repository.run(["config", "uploadpack.allowFilter", "true"])
    base = lab.commit({"f": TEXT, "g": TEXT + b"g\n", "other": b"never read\n"})
    body = "Drop-When: contains doc never"
    patch = lab.patch(base, {"f": after(10), "g": after(4, text=TEXT + b"g\n")}, body=body)
    moved = edited({25: b"upstream's\n"}, TEXT + b"g\n")
    target = lab.commit({"f": edited({28: b"x\n"}), "g": None, "h": moved, "doc": b"doc\n"}, base)
    lab.repository.run(["update-ref", "refs/heads/main", target])
    lab.repository.run(["update-ref", "refs/heads/base", base])
    clone = init_bare(tmp_path / "partial.git")
    url = f"file://{lab.repository.path}"
    clone.fetch(url, ["refs/heads/*:refs/sync/*"], filter="blob:none")
    ids = required_blobs(clone, [patch], target, base_commit=base)
    assert blob_id(b"never read\n") not in ids
    clone.fetch_missing(url, ids)
    tree, (result,) = rebase_component(clone, [patch], target, base_commit=base)
    assert result.verdict is PatchVerdict.MERGED
    assert tree == rebase_component(lab.repository, [patch], target, base_commit=base)[0]
    assert clone.missing([blob_id(b"never read\n")])


# ---- against git am


@st.composite
def edits(draw: st.DrawFn) -> list[bytes]:
    """`LINES` after a few edits; every line that is put in is unlike any other."""
    lines = list(LINES)
    mark = draw(st.sampled_from([b"ours", b"theirs"]))
    for number in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["insert", "delete", "replace", "append"]))
        new = b"%s %d at %d\n" % (mark, number, at)
        if kind == "delete":
            del lines[at : at + draw(st.integers(1, 3))]
        elif kind == "append":
            lines.append(new)
        else:
            lines[at : at + (kind == "replace")] = [new]
        lines = lines or [new]
    return lines


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory() as folder:
        yield Lab(Path(folder))


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mine=edits(), theirs=edits())
def test_result_is_that_of_git_am(shared: Lab, mine: list[bytes], theirs: list[bytes]) -> None:
    if mine == LINES:
        return
    base = shared.commit({"f": TEXT})
    target = shared.commit({"f": b"".join(theirs)}, base)
    patch = shared.patch(base, {"f": b"".join(mine)})
    tree, (result,) = rebase_component(shared.repository, [patch], target, base_commit=base)
    by_git = shared.am(target, [patch.text], "-3")
    if result.verdict is PatchVerdict.CONFLICT:
        moved = "upstream moved" in result.reason
        assert by_git is None or moved
    else:
        assert tree == by_git
    bare = shared.patch(base, {"f": b"".join(mine)}, context=0)
    again, (same,) = rebase_component(shared.repository, [bare], target, base_commit=base)
    assert (again, same.verdict, same.conflicts) == (tree, result.verdict, result.conflicts)
    if result.refreshed is not None:
        new = refreshed(patch, result)
        assert shared.am(target, [new.text]) == tree
