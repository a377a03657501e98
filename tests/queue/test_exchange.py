"""The queue in other tools' forms: they apply it as it is, and it comes back to the byte."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab import AUTHOR, DATE, Content, Lab

from syncer.errors import Exit, SyncError
from syncer.git import Repository
from syncer.queue.exchange import (
    LIST,
    Form,
    apply_all,
    export_branch,
    exported,
    form_of,
    named_as_before,
    read_branch,
    read_folder,
    upstream_ready,
)
from syncer.queue.mail import Patch, encode, parse_patch
from syncer.queue.series import SERIES
from syncer.queue.stack import Step, as_mail, settled, stack

FOLDERS = (Form.MAILS, Form.QUILT, Form.ELECTRON)
CODE = b"".join(b"line %d\n" % n for n in range(1, 41))


def queue(lab: Lab, base: str, *edits: Mapping[str, Content], context: int = 3) -> list[Patch]:
    """A patch for each edit, on those before it."""
    patches: list[Patch] = []
    at = base
    for number, edit in enumerate(edits, 1):
        body = f"Why number {number}.\n\nUpstream-Status: Pending"
        text = lab.text(at, edit, f"Änderung {number}", body, context)
        name = f"{number:04}-change.patch"
        patches.append(parse_patch(encode(text), "upstream", name, context=context))
        at = lab.repository.commit_tree(lab.tree(edit, at), [at])
    return patches


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def every_kind(lab: Lab) -> tuple[str, list[Patch]]:
    """A queue with all that a patch can do: CRLF, a rename, a mode, a binary file, names and
    content that are not ASCII or not even UTF-8, a file without a last newline, a deletion."""
    crlf = CODE.replace(b"\n", b"\r\n")
    base = lab.commit(
        {
            "crlf.c": crlf,
            "old name.c": CODE,
            "tool.sh": CODE,
            "binary.bin": bytes(range(256)) * 4,
            "bytes\udcff.c": CODE,
            "grün.c": "Größe\n".encode() * 20,
            "gone.c": b"nothing left\n",
        }
    )
    edits: list[dict[str, Content]] = [
        {"crlf.c": crlf.replace(b"line 7\r\n", b"line 7\r\nours\r\nbare\n")},
        {"old name.c": None, "sub/new name.c": CODE.replace(b"line 20\n", b"line twenty\n")},
        {"tool.sh": ("100755", CODE)},
        {"binary.bin": bytes(range(255, -1, -1)) * 5, "new.bin": b"\0\1\2"},
        {"bytes\udcff.c": CODE + b"\xff\xfe latin\n", "grün.c": "Größe\n".encode() * 19 + b"end"},
        {"gone.c": None, "added.c": b"added\n"},
    ]
    return base, queue(lab, base, *edits)


@pytest.mark.parametrize("form", [Form.MAILS, Form.ELECTRON])
def test_every_kind_of_change_survives_to_the_byte(lab: Lab, tmp_path: Path, form: Form) -> None:
    base, patches = every_kind(lab)
    first = exported(lab.repository, stack(lab.repository, patches, base), form)
    folder = write(tmp_path / "out", first)
    steps = apply_all(lab.repository, read_folder(folder, form), base)
    assert exported(lab.repository, steps, form) == first
    # And into the queue: the very patches that it began with.
    assert [as_mail(lab.repository, step) for step in steps] == [patch.text for patch in patches]
    assert [step.name for step in steps] == [patch.file for patch in patches]


def test_git_am_takes_the_mails(lab: Lab) -> None:
    base, patches = every_kind(lab)
    steps = stack(lab.repository, patches, base)
    files = exported(lab.repository, steps, Form.MAILS)
    texts = [files[name].decode("utf-8", "surrogateescape") for name in sorted(files)[:-1]]
    assert sorted(files)[-1] == SERIES
    assert lab.am(base, texts, "-3") == steps[-1].after


def test_zero_context_becomes_three(lab: Lab) -> None:
    base = lab.commit({"f.c": CODE})
    patches = queue(lab, base, {"f.c": CODE.replace(b"line 9\n", b"nine\n")}, context=0)
    assert patches[0].context == 0
    files = exported(lab.repository, stack(lab.repository, patches, base), Form.MAILS)
    assert b"\n line 8\n-line 9\n+nine\n line 10\n" in files["0001-change.patch"]
    # Upstream moved on meanwhile: git am -3 merges, as it would with a patch of its own.
    moved = lab.commit({"f.c": b"a first line\n" + CODE}, base)
    tree = lab.am(moved, [files["0001-change.patch"].decode()], "-3")
    assert tree and lab.files(tree)["f.c"].startswith(b"a first line\nline 1\n")


def test_quilt_applies_its_folder(lab: Lab, tmp_path: Path) -> None:
    """GNU patch is what quilt calls."""
    base = lab.commit({"f.c": CODE, "d.c": CODE})
    patches = queue(lab, base, {"f.c": b"top\n" + CODE}, {"d.c": None, "n.c": b"new\n"})
    steps = stack(lab.repository, patches, base)
    folder = write(tmp_path / "patches", exported(lab.repository, steps, Form.QUILT))
    work = tmp_path / "tree"
    lab.repository.export(base, work)
    for name in (folder / SERIES).read_text().split():
        subprocess.run(
            ["patch", "-p1", "-s", "-F0", "-i", str(folder / name)], cwd=work, check=True
        )
    found = {p.name: p.read_bytes() for p in work.iterdir()}
    assert found == lab.files(steps[-1].after)


def test_quilt_cannot_have_binary_files(lab: Lab) -> None:
    base, patches = every_kind(lab)
    with pytest.raises(SyncError, match="0004-change.patch changes a binary file"):
        exported(lab.repository, stack(lab.repository, patches, base), Form.QUILT)


def test_a_foreign_quilt_series_comes_in(lab: Lab, tmp_path: Path) -> None:
    """Plain diffs, without mail headers or blob ids, with DEP-3 fields, and one of -p0."""
    base = lab.commit({"src/f.c": CODE})
    folder = tmp_path / "patches"
    folder.mkdir()
    (folder / "one.diff").write_bytes(
        b"Description: make it one\n more\nAuthor: Some One <one@example.com>\n\n"
        b"--- a/src/f.c\n+++ b/src/f.c\n@@ -1,3 +1,3 @@\n-line 1\n+one\n line 2\n line 3\n"
    )
    (folder / "two.patch").write_bytes(
        b"no header at all\n\n--- src/f.c\n+++ src/f.c\n@@ -2,3 +2,3 @@\n line 2\n-line 3\n"
        b"+three\n line 4\n"
    )
    (folder / SERIES).write_text("# a comment\none.diff\ntwo.patch -p0 # why\n")
    assert form_of(folder) is Form.QUILT
    steps = apply_all(lab.repository, read_folder(folder, Form.QUILT), base)
    assert [(s.name, s.subject, s.author) for s in steps] == [
        ("one.patch", "make it one more", "Some One <one@example.com>"),
        ("two.patch", "no header at all", "imported <nobody@localhost>"),
    ]
    content = lab.files(steps[-1].after)["src/f.c"]
    assert content == CODE.replace(b"line 1\n", b"one\n", 1).replace(b"line 3\n", b"three\n", 1)


def test_what_does_not_apply_is_no_fuzz(lab: Lab, tmp_path: Path) -> None:
    base = lab.commit({"f.c": CODE})
    files = exported(
        lab.repository,
        stack(lab.repository, queue(lab, base, {"f.c": b"top\n" + CODE}), base),
        Form.MAILS,
    )
    folder = write(tmp_path / "out", files)
    other = lab.commit({"f.c": CODE.replace(b"line 2\n", b"two\n")})
    with pytest.raises(SyncError) as raised:
        apply_all(lab.repository, read_folder(folder, form_of(folder)), other)
    assert raised.value.exit is Exit.CONFLICT
    assert "0001-change.patch does not apply" in raised.value.message


def test_a_branch_and_back(lab: Lab, tmp_path: Path) -> None:
    base, patches = every_kind(lab)
    user = tmp_path / "user"
    subprocess.run(["git", "init", "-q", str(user)], check=True)
    into = Repository(user)
    into.fetch(str(lab.repository.path), [base])
    tree = lab.repository.rev_parse(base, "tree")
    tip, count = export_branch(lab.repository, base, tree, patches, into, "refs/heads/port")
    assert count == len(patches)
    log = into.text(["log", "--reverse", "--format=%s|%an|%at", f"{base}..{tip}"]).splitlines()
    assert log[0] == "Änderung 1|Zoë Ångström|1700000000"
    steps = read_branch(into, base, tip)
    assert [as_mail(into, step) for step in steps] == [patch.text for patch in patches]
    assert steps[0].name == "nderung-1.patch"  # of the subject alone
    assert [s.name for s in named_as_before(steps, patches)] == [p.file for p in patches]
    # Twice the same is nothing new; another branch of that name is left alone.
    assert export_branch(lab.repository, base, tree, patches, into, "refs/heads/port")[0] == tip
    with pytest.raises(SyncError, match="has another branch port"):
        export_branch(lab.repository, base, tree, patches[:1], into, "refs/heads/port")
    assert into.rev_parse("refs/heads/port") == tip


def test_a_branch_needs_its_base_and_one_line(lab: Lab, tmp_path: Path) -> None:
    base, patches = every_kind(lab)
    empty = tmp_path / "user"
    subprocess.run(["git", "init", "-q", str(empty)], check=True)
    tree = lab.repository.rev_parse(base, "tree")
    with pytest.raises(SyncError, match=f"has no commit {base}"):
        export_branch(lab.repository, base, tree, patches, Repository(empty), "refs/heads/x")
    one, two = (lab.commit({name: b"x\n"}, base) for name in ("one", "two"))
    merge = lab.commit({"three": b"x\n"}, one, two)
    with pytest.raises(SyncError, match="is a merge"):
        read_branch(lab.repository, base, merge)
    with pytest.raises(SyncError, match="does not stand on"):
        read_branch(lab.repository, one, two)


def test_what_goes_upstream_is_upstreams_business(lab: Lab) -> None:
    base = lab.commit({"f.c": CODE, "g.c": CODE})
    texts = [
        lab.text(base, {name: b"top\n" + CODE}, f"Change {name}", f"Why.\n\n{trailers}")
        for name, trailers in (
            (
                "f.c",
                "Upstream-Status: Pending\nDrop-When: contains f.c top\nReviewed-by: A <a@b>",
            ),
            ("g.c", "Upstream-Status: Inappropriate [our board]"),
        )
    ]
    patches = [
        parse_patch(encode(text), "upstream", f"000{n}-x.patch") for n, text in enumerate(texts, 1)
    ]
    ready, left = upstream_ready(patches)
    assert [p.file for p in left] == ["0002-x.patch"]
    files = exported(lab.repository, stack(lab.repository, ready, base), Form.UPSTREAM)
    (text,) = (data.decode() for data in files.values())
    assert "Subject: [PATCH 1/1] Change f.c\n" in text
    assert "Upstream-Status" not in text and "Drop-When" not in text
    assert "Why.\n\nReviewed-by: A <a@b>\n" in text


def test_settled_carries_and_leaves_out(lab: Lab) -> None:
    base = lab.commit({"f.c": CODE, "g.c": CODE})
    patches = queue(lab, base, {"f.c": b"top\n" + CODE}, {"g.c": b"top\n" + CODE})
    moved = lab.commit({"f.c": CODE + b"end\n", "g.c": b"top\n" + CODE}, base)
    (kept,) = settled(lab.repository, patches, moved)
    (step,) = stack(lab.repository, [kept], moved)
    assert lab.files(step.after)["f.c"] == b"top\n" + CODE + b"end\n"
    with pytest.raises(SyncError, match="f.c is not the file that the patch was made from"):
        stack(lab.repository, patches, moved)
    with pytest.raises(SyncError, match="conflicts with"):
        settled(lab.repository, patches, lab.commit({"f.c": b"else\n" + CODE}, base))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.txt": b""}, "holds no patches"),
        ({SERIES: b"absent.patch\n"}, "absent.patch: No such file"),
        ({SERIES: b"../out.patch\n"}, r"series:1: unsafe path"),
        ({LIST: b"a.patch --reverse\n"}, r"\.patches:1: .* is not understood"),
        ({LIST: b"a.patch\n", "a.patch": b"Subject: x\n\nno diff\n"}, "there is no diff in it"),
    ],
)
def test_bad_folders_are_told(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    folder = write(tmp_path / "in", files)
    with pytest.raises(SyncError, match=said):
        read_folder(folder, form_of(folder))


# ---- whatever the queue: export, import, export

_NAMES = st.sampled_from(["a.c", "b/ä.c", "b/c d.c", "e.bin", "f\udc80.c"])
_LINES = st.lists(st.sampled_from([b"x\n", b"y\r\n", b"\xe4\n", b"\n", b"-- \n", b"--- a\n"]))
_CONTENT = st.one_of(
    _LINES.map(b"".join), st.binary(max_size=40), st.just(CODE), st.just(CODE[:-1])
)
_FILE = st.tuples(st.sampled_from(["100644", "100755"]), _CONTENT)
_EDIT = st.dictionaries(_NAMES, st.one_of(st.none(), _FILE), min_size=1, max_size=3)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    first=st.dictionaries(_NAMES, _FILE, min_size=1), edits=st.lists(_EDIT, min_size=1, max_size=2)
)
def test_export_import_export_is_the_identity(
    first: dict[str, tuple[str, bytes]], edits: list[dict[str, Content]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        base = lab.commit(first)
        tree, steps = lab.repository.rev_parse(base, "tree"), []
        for number, edit in enumerate(edits):
            after = lab.tree(edit, tree)
            if after != tree:
                name = f"{number:04}-x.patch"
                steps.append(Step(name, f"Né {number}", AUTHOR, DATE, "Why.", tree, after))
            tree = after
        for form in FOLDERS:
            try:
                once = exported(lab.repository, steps, form)
            except SyncError as error:
                assert form is Form.QUILT and "binary" in error.message
                continue
            place = write(Path(folder) / form, once)
            again = apply_all(lab.repository, read_folder(place, form), base)
            assert [step.after for step in again] == [step.after for step in steps]
            assert exported(lab.repository, again, form) == once
        texts = [as_mail(lab.repository, step) for step in steps]
        patches = [
            parse_patch(encode(text), "upstream", step.name)
            for text, step in zip(texts, steps, strict=True)
        ]
        user = Path(folder) / "user"
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", "init", "-q", "--bare", str(user)], check=True, env=env)
        into = Repository(user)
        into.fetch(str(lab.repository.path), [base])
        root = lab.repository.rev_parse(base, "tree")
        tip, _ = export_branch(lab.repository, base, root, patches, into, "refs/heads/a")
        back = read_branch(into, base, tip)
        assert [as_mail(into, step) for step in back] == texts
