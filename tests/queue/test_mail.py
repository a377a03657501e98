from __future__ import annotations

import pytest
from lab import AUTHOR, Content, Lab

from syncer.errors import SyncError
from syncer.git import blob_id
from syncer.queue.diff import MARK, apply_hunks, parse_diff, split_lines
from syncer.queue.mail import check_zero_context, create_patch, encode, parse_patch, refresh

TEXT = b"".join(b"line %d\n" % n for n in range(1, 31))


def inserted(after: int, new: bytes = b"new\n", text: bytes = TEXT) -> bytes:
    lines = split_lines(text)
    return b"".join([*lines[:after], new, *lines[after:]])


def test_mail_form(lab: Lab) -> None:
    base = lab.commit({"f.c": TEXT})
    text = lab.text(
        base,
        {"f.c": inserted(10)},
        subject="Spüren what the core does, with a subject so long that a mail header is folded",
        body="Why.\n\nUpstream-Status: Inappropriate [RP2040 only]\nDrop-When: contains f.c\n  new",
    )
    assert text.startswith(f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?")
    assert f"index {blob_id(TEXT)}..{blob_id(inserted(10))} 100644\n" in text
    assert "\n-- \n" not in text
    patch = parse_patch(encode(text), "c", "x.patch")
    assert patch.author == AUTHOR
    assert patch.date == "Tue, 14 Nov 2023 23:43:20 +0130"
    assert patch.subject.startswith("Spüren what") and patch.subject.endswith("is folded")
    assert patch.trailers == (
        ("Upstream-Status", "Inappropriate [RP2040 only]"),
        ("Drop-When", "contains f.c new"),
    )
    assert patch.text == text
    assert patch.paths == ("f.c",)
    assert text == lab.text(base, {"f.c": inserted(10)}, subject=patch.subject, body=patch.body)


def test_header_that_is_not_encoded(lab: Lab) -> None:
    text = lab.text(lab.commit({"f": TEXT}), {"f": inserted(3)})
    lines = text.splitlines(keepends=True)
    raw = "".join(f"From: {AUTHOR}\n" if line.startswith("From: ") else line for line in lines)
    assert parse_patch(encode(raw), "c", "x.patch").author == AUTHOR


CASES: dict[str, tuple[bytes, bytes]] = {
    "insert": (TEXT, inserted(10)),
    "insert first": (TEXT, inserted(0)),
    "insert last": (TEXT, inserted(30)),
    "replace": (TEXT, TEXT.replace(b"line 7\n", b"seven\nand more\n")),
    "delete": (TEXT, TEXT.replace(b"line 7\nline 8\n", b"")),
    "many": (TEXT, inserted(2, b"a\n", inserted(15, b"b\n", inserted(28, b"c\n")))),
    "crlf": (TEXT.replace(b"\n", b"\r\n"), inserted(9, b"n\r\n", TEXT.replace(b"\n", b"\r\n"))),
    "lone returns": (b"a\rb\nc\r\n", b"a\rb\nx\ry\nc\r\n"),
    "latin-1": (b"\xe9t\xe9\n" + TEXT, inserted(1, b"\xfc\n", b"\xe9t\xe9\n" + TEXT)),
    "no newline kept": (b"a\nb", b"x\na\nb"),
    "no newline added": (b"a\nb", b"a\nb\n"),
    "no newline lost": (b"a\nb\n", b"a\nb"),
    "no newline moved": (b"a\nb", b"a\nb\nc"),
    "emptied": (b"a\n", b""),
    "filled": (b"", b"a\n"),
    "lines that look like headers": (
        b"-- x\n" + TEXT,
        b"++ y\n@@ -1 +1 @@\ndiff --git a/a b/a\n-- \n" + TEXT,
    ),
    "empty lines": (b"\n\n\n\n", b"\n\n\nx\n\n"),
}


@pytest.mark.parametrize("context", [0, 1, 3])
@pytest.mark.parametrize("case", CASES)
def test_hunks_give_the_exact_bytes(lab: Lab, case: str, context: int) -> None:
    old, new = CASES[case]
    base = lab.commit({"f": old})
    patch = lab.patch(base, {"f": new}, context=context)
    (diff,) = patch.diffs
    assert apply_hunks(diff, old, "p") == new
    assert encode(patch.text).count(MARK) == (context == 0)
    trees = lab.repository.rev_parse(base, "tree"), lab.tree({"f": new}, base)
    assert refresh(lab.repository, [(patch, *trees)]) == (patch.text,)


@pytest.mark.parametrize("path", ["a b", "naïve/ü.c", 'q"uote', "tab\there", "a b/b/a b/b"])
def test_paths(lab: Lab, path: str) -> None:
    base = lab.commit({path: TEXT})
    for context in (0, 3):
        for files in ({path: inserted(4)}, {path: None}, {path: ("100755", TEXT)}):
            patch = lab.patch(base, files, context=context)
            assert patch.paths == (path,)
    moved = lab.patch(base, {path: None, path + "2": inserted(4)})
    assert [(d.old_path, d.new_path) for d in moved.diffs] == [(path, path + "2")]
    assert lab.patch(base, {path + "2": b""}).paths == (path + "2",)


# ---- what is refused


def edited(lab: Lab, old: str, new: str, context: int = 3) -> bytes:
    text = lab.text(lab.commit({"f.c": TEXT}), {"f.c": inserted(10)}, context=context)
    assert old in text
    return encode(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Subject: ", "Object: ", "no Subject: header"),
        ("From: ", "X-From: ", "no From: header"),
        (blob_id(TEXT), blob_id(TEXT)[:10], "two full blob ids"),
        ("+new\n", "", "cut short or too long"),
        ("+new\n", "+new\n+more\n", "cut short or too long"),
        ("@@ -8,6 +8,7 @@", "@@ -8,6 +8,8 @@", "cut short or too long"),
        ("@@ -8,6", "@@ -8,x", "not a hunk header"),
        ("--- a/f.c", "--- a/g.c", "names a/g.c"),
        ("a/f.c b/f.c", "a/../f b/../f", "unsafe path"),
        ("a/f.c b/f.c", "a/.git/f b/.git/f", "unsafe path"),
        ("a/f.c b/f.c", "a//etc/f b//etc/f", "unsafe path"),
        (" 100644\n", " 160000\n", "mode 160000 is not supported"),
        ("index ", "similarity index 90%\ncopy from f.c\ncopy to g.c\nindex ", "copies are not"),
        ("index ", "junk ", "unexpected line after"),
        ("\n---", "\r\n---", "CRLF line ends"),
        ("+new\n", f"{MARK.decode()}+new\n", "cut short or too long"),
    ],
)
def test_broken_patches_are_refused(lab: Lab, old: str, new: str, message: str) -> None:
    with pytest.raises(SyncError, match=message) as caught:
        parse_patch(edited(lab, old, new), "tflm", "x.patch")
    assert "tflm/x.patch" in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("line 9", "line nine", "does not match line 9 of its base blob"),
        ("@@ -8,6 +8,7 @@", "@@ -9,6 +9,7 @@", "does not match line 9"),
        ("@@ -8,6 +8,7 @@", "@@ -8,6 +9,7 @@", "would begin at line 8"),
        ("@@ -8,6 +8,7 @@", "@@ -80,6 +80,7 @@", "lies outside its base blob"),
        ("+new\n", "+knew\n", "but its index line says"),
    ],
)
def test_hunks_that_do_not_fit_are_refused(lab: Lab, old: str, new: str, message: str) -> None:
    patch = parse_patch(edited(lab, old, new), "tflm", "x.patch")
    with pytest.raises(SyncError, match=message) as caught:
        apply_hunks(patch.diffs[0], TEXT, patch.name)
    assert "tflm/x.patch: f.c: " in caught.value.message
    assert "hunk" in caught.value.message


def test_deletion_must_take_every_line(lab: Lab) -> None:
    text = lab.text(lab.commit({"f": b"a\nb\n", "k": b"k\n"}), {"f": None})
    cut = text.replace("@@ -1,2 +0,0 @@\n-a\n-b\n", "@@ -1 +0,0 @@\n-a\n")
    with pytest.raises(SyncError, match="leave lines of a file it deletes"):
        apply_hunks(parse_patch(encode(cut), "c", "x.patch").diffs[0], b"a\nb\n", "p")


def test_message_trouble(lab: Lab) -> None:
    base = lab.commit({"f": b"a"})
    with pytest.raises(SyncError, match="nothing changes"):
        lab.patch(base, {})
    for body in ("see\n---\nbelow", "diff --git a/x b/x"):
        with pytest.raises(SyncError, match="no patch can be made"):
            lab.patch(base, {"g": b"x\n"}, body=body)
    with pytest.raises(SyncError, match="no patch can be made"):
        lab.text(base, {"g": b"x\n"}, subject="two\nlines")


def test_signature_and_diffstat_of_others_are_read(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    text = lab.text(base, {"f": inserted(10)}, body="Why.")
    other = text.replace("\ndiff --git", "---\n f | 1 +\n\ndiff --git", 1) + "-- \n2.39.5\n\n"
    patch = parse_patch(encode(other), "c", "x.patch")
    assert patch.body == "Why."
    assert apply_hunks(patch.diffs[0], TEXT, "p") == inserted(10)


def test_two_sections_of_one_file_are_refused(lab: Lab) -> None:
    text = lab.text(lab.commit({"f": TEXT}), {"f": inserted(10)})
    section = text[text.index("diff --git") :]
    with pytest.raises(SyncError, match="f is changed twice"):
        parse_patch(encode(text + section), "c", "x.patch")
    base = lab.commit({"f": b"a\n"})
    with pytest.raises(SyncError, match="changes its type"):
        lab.text(base, {"f": ("120000", b"b")})


# ---- without context


def test_zero_context_quotes_nothing_of_upstream(lab: Lab) -> None:
    source = b"int main(void) {\n" + TEXT
    base = lab.commit({"f.c": source, "gone.c": b"secret\n"})
    new = inserted(20, b"b\n", inserted(11, b"a\n", source))
    patch = lab.patch(base, {"f.c": new, "gone.c": None, "n.c": b"x\n"}, context=0)
    check_zero_context(patch)
    for line in (b"secret", b"main", b"line 1"):
        assert line not in encode(patch.text)
    assert [diff.marked for diff in patch.diffs] == [True, False, False]
    assert patch.context == 0


def test_check_zero_context_names_the_hunk(lab: Lab) -> None:
    base = lab.commit({"f.c": b"int main(void) {\n" + TEXT})
    replaced = TEXT.replace(b"line 9\n", b"nine\n")
    new = b"int main(void) {\n" + inserted(3, text=replaced)
    patch = lab.patch(base, {"f.c": new}, context=0)
    with pytest.raises(SyncError, match=r"f\.c: hunk 2 \(@@ -10,1 \+11,1 @@\) quotes upstream's"):
        check_zero_context(patch)
    with pytest.raises(SyncError, match="hunk 1 .* quotes upstream's lines"):
        check_zero_context(lab.patch(base, {"f.c": new}, context=3))
    only_added = lab.text(base, {"f.c": b"int main(void) {\n" + inserted(20)}, context=0)
    for edit, message in (
        (only_added.replace(MARK.decode(), ""), "not marked"),
        (only_added.replace(",2 @@\n", ",2 @@ int main(void) {\n"), "after the second @@"),
    ):
        changed = edit.replace("@@ -21,0 +22 @@\n", "@@ -21,0 +22 @@ int main(void) {\n")
        with pytest.raises(SyncError, match=message):
            check_zero_context(
                parse_patch(encode(edit if message == "not marked" else changed), "c", "x.patch")
            )


def test_git_am_refuses_a_patch_without_context(lab: Lab) -> None:
    base = lab.commit({"f.c": TEXT, "g.c": TEXT})
    other = lab.commit({"f.c": b"other\n" + TEXT}, base)
    cases: list[dict[str, Content]] = [
        {"f.c": inserted(10)},
        {"f.c": inserted(30)},
        {"f.c": inserted(10), "n.c": b"x\n"},
        {"g.c": None, "h.c": inserted(10)},
        {"f.c": ("100755", inserted(10))},
        {"f.c": None},
    ]
    for files in cases:
        text = lab.text(base, files, context=0)
        for commit in (base, other):
            assert lab.am(commit, [text]) is None
            assert lab.am(commit, [text], "-3") is None
            assert lab.am(commit, [text], "-C0") is None


def test_only_the_mark_keeps_git_from_applying_it_in_the_wrong_place(lab: Lab) -> None:
    base = lab.commit({"f.c": TEXT})
    text = lab.text(base, {"f.c": inserted(10)}, context=0)
    tree = lab.am(base, [text.replace(MARK.decode(), "")])
    assert tree is not None
    assert lab.files(tree)["f.c"] == inserted(30)


def test_mark_must_stand_where_it_belongs(lab: Lab) -> None:
    base = lab.commit({"f.c": TEXT})
    text = lab.text(base, {"f.c": inserted(10, b"a\n", inserted(20))}, context=0)
    mark = MARK.decode()
    with pytest.raises(SyncError, match="the wrong place"):
        parse_patch(encode(text.replace(mark, "").replace("+a\n", f"+a\n{mark}")), "c", "x.patch")


def test_parse_diff_gives_line_numbers_of_the_file() -> None:
    with pytest.raises(SyncError, match=r"^c/x\.patch:12: "):
        parse_diff(b"diff --git a/f b/f\nBinary files a/f and b/f differ\n", "c/x.patch", 11)


def test_create_patch_takes_trees_and_commits(lab: Lab) -> None:
    base = lab.commit({"f": TEXT})
    after = lab.commit({"f": inserted(10)}, base)
    made = [
        create_patch(lab.repository, a, b, subject="s", author=AUTHOR, date="1700000000 +0000")
        for a, b in ((base, after), (f"{base}^{{tree}}", f"{after}^{{tree}}"))
    ]
    assert made[0] == made[1]
