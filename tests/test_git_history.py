"""Who touched a path: forwards, backwards, through renames, and in clones without blobs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from syncer.git import Repository, init_bare, moved_to, touches, turning_point

TEXT = b"".join(b"line %d\n" % n for n in range(30))


class History:
    """A line of commits in a bare repository; each is a day after the one before."""

    def __init__(self, folder: Path) -> None:
        self.repository = init_bare(folder)
        self.repository.run(["config", "uploadpack.allowFilter", "true"])
        self.day = 0

    def commit(
        self, subject: str, files: Mapping[str, bytes | None], parent: str | None = None
    ) -> str:
        changes = {
            path: None if data is None else ("100644", self.repository.write_blob(data))
            for path, data in files.items()
        }
        tree = self.repository.write_tree(parent, changes)
        self.day += 1
        date = f"2026-01-{self.day:02}T12:00:00 +0000"
        made = self.repository.commit_tree(tree, [parent] if parent else [], subject, date=date)
        self.repository.run(["update-ref", "refs/heads/main", made])
        return made

    def bare(self, folder: Path) -> Repository:
        """A clone without blobs."""
        clone = init_bare(folder)
        clone.fetch(self.repository.path.as_uri(), ["+refs/*:refs/*"], filter="blob:none")
        return clone


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "upstream.git")


def test_forwards_newest_first_and_backwards_oldest_first(history: History, tmp_path: Path) -> None:
    a = history.commit("Begin", {"s/k.c": b"1\n", "other": b""})
    b = history.commit("Change k: a > b", {"s/k.c": b"2\n"}, a)
    c = history.commit("Something else", {"other": b"x\n"}, b)
    d = history.commit("Change k again", {"s/k.c": b"3\n"}, c)
    for clone in (history.repository, history.bare(tmp_path / "clone.git")):
        found = touches(clone, a, d, ["s/k.c"])
        assert [(t.commit, t.gained) for t in found] == [(d, True), (b, True)]
        assert str(found[1]) == f"{b[:12]} (2026-01-02, Change k: a > b)"
        assert found[0].before == found[1].after != found[0].after
        back = touches(clone, d, a, ["s/k.c"])
        assert [(t.commit, t.gained) for t in back] == [(b, False), (d, False)]
        assert touches(clone, d, d, ["s/k.c"]) == ()
        assert touches(clone, a, d, []) == ()
        # From the beginning, where the old commit is not known.
        assert [t.commit for t in touches(clone, None, c, ["s/k.c"])] == [b, a]
        assert [t.commit for t in touches(clone, "f" * 40, c, ["s/k.c"])] == [b, a]


def test_two_lines(history: History) -> None:
    base = history.commit("Begin", {"k": b"1\n"})
    old = history.commit("Ours", {"k": b"2\n"}, base)
    new = history.commit("Theirs", {"k": b"3\n"}, base)
    found = touches(history.repository, old, new, ["k"])
    assert [(t.commit, t.gained) for t in found] == [(new, True), (old, False)]


def test_patterns(history: History) -> None:
    a = history.commit("Begin", {"t/a.h": b"", "t/b.c": b"", "t/deep/c.h": b"", "d.h": b""})
    b = history.commit("All", dict.fromkeys(("t/a.h", "t/b.c", "t/deep/c.h", "d.h"), b"x"), a)
    repository = history.repository
    assert {t.path for t in touches(repository, a, b, ["t/*.h"])} == {"t/a.h"}
    assert {t.path for t in touches(repository, a, b, ["t/*/c.h", "d.h"])} == {"t/deep/c.h", "d.h"}
    assert {t.path for t in touches(repository, a, b, ["*.c"])} == {"t/b.c"}


def test_where_a_file_went(history: History, tmp_path: Path) -> None:
    a = history.commit("Begin", {"s/k.c": TEXT, "s/l.c": TEXT + b"l\n", "s/m.c": b"m\n", "n": b""})
    b = history.commit("Move k", {"s/k.c": None, "t/core.c": TEXT}, a)
    c = history.commit("Move l, changed", {"s/l.c": None, "t/lines.c": TEXT + b"new\n"}, b)
    d = history.commit("Rewrite m elsewhere", {"s/m.c": None, "t/m.c": b"quite another\n"}, c)
    e = history.commit("Drop n", {"n": None}, d)
    blobless = history.bare(tmp_path / "clone.git")
    for clone, lines in ((history.repository, "t/lines.c"), (blobless, None)):
        went = {t.path: moved_to(clone, t) for t in touches(clone, a, e, ["s/*", "n"])}
        assert went == {"s/k.c": "t/core.c", "s/l.c": lines, "s/m.c": "t/m.c", "n": None}
        (added,) = touches(clone, None, a, ["s/k.c"])
        assert moved_to(clone, added) is None


def test_turning_point(history: History) -> None:
    repository = history.repository
    a = history.commit("Begin", {"pins": b"A=1\n"})
    b = history.commit("Bump", {"pins": b"A=2\n"}, a)
    c = history.commit("Another form", {"pins": b"A: 2\n"}, b)
    d = history.commit("Bump again", {"pins": b"A: 3\n"}, c)

    def holds(commit: str) -> bool:
        return b"=" in repository.blob(repository.rev_parse(f"{commit}:pins", "blob"))

    def turned(old: str | None, new: str) -> str | None:
        point = turning_point(repository, touches(repository, old, new, ["pins"]), holds)
        return point and point.commit

    assert turned(a, d) == c  # what ended it
    assert turned(d, a) == c  # what an older upstream lacks
    assert turned(None, b) == a
    assert turned(c, d) is None
