from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from syncer.errors import SyncError
from syncer.git import Repository, blob_id, init_bare
from syncer.overrides import apply_overrides, rename_candidate

KERNEL = b"".join(b"int32_t step_%d;\n" % n for n in range(40))
OURS = b"int ours;\r\n"
SOURCES = {"port/k.c": OURS, "port/l.c": b""}


@dataclass(frozen=True)
class Given:
    component: str
    path: str
    source: str
    shadows: str


@pytest.fixture
def clone(tmp_path: Path) -> Repository:
    return init_bare(tmp_path / "clone.git")


def tree_of(clone: Repository, files: dict[str, tuple[str, bytes]]) -> str:
    return clone.write_tree(
        None, {path: (mode, clone.write_blob(data)) for path, (mode, data) in files.items()}
    )


def contents(clone: Repository, tree: str) -> dict[str, tuple[str, bytes]]:
    return {entry.path: (entry.mode, clone.blob(entry.id)) for entry in clone.ls_tree(tree)}


def test_override_replaces_the_file_it_shadows(clone: Repository) -> None:
    tree = tree_of(clone, {"s/k.c": ("100755", KERNEL), "s/l.c": ("100644", b"l\n")})
    given = [
        Given("nn", "s/k.c", "port/k.c", blob_id(KERNEL)),
        Given("other", "s/l.c", "port/l.c", "1" * 40),
    ]
    new, (result,) = apply_overrides(clone, "nn", tree, given, SOURCES.__getitem__)
    assert contents(clone, new) == {"s/k.c": ("100755", OURS), "s/l.c": ("100644", b"l\n")}
    assert (result.path, result.source, result.drifted) == ("s/k.c", "port/k.c", False)
    assert apply_overrides(clone, "third", tree, given, SOURCES.__getitem__) == (tree, ())


def test_drift_is_reported_and_the_override_still_goes_in(clone: Repository) -> None:
    tree = tree_of(clone, {"s/k.c": ("100644", KERNEL + b"more\n")})
    given = [Given("nn", "s/k.c", "port/k.c", blob_id(KERNEL))]
    new, (result,) = apply_overrides(clone, "nn", tree, given, SOURCES.__getitem__)
    assert result.drifted
    assert (result.shadowed, result.found) == (blob_id(KERNEL), blob_id(KERNEL + b"more\n"))
    assert contents(clone, new)["s/k.c"] == ("100644", OURS)


def test_file_that_vanished_is_not_made_anew(clone: Repository) -> None:
    shadows = clone.write_blob(KERNEL)
    tree = tree_of(clone, {"x/other.c": ("100644", b"x\n")})
    given = [Given("nn", "s/k.c", "port/k.c", shadows)]
    new, (result,) = apply_overrides(clone, "nn", tree, given, SOURCES.__getitem__)
    assert (new, result.found, result.drifted) == (tree, None, True)
    assert rename_candidate(clone, tree, result) is None
    for path, data, candidate in (
        ("t/other.c", KERNEL, "t/other.c"),
        ("t/k.c", KERNEL + b"more\n", "t/k.c"),
        ("t/k.c", b"something else\n", None),
    ):
        moved = tree_of(clone, {path: ("100644", data), "x/k.c": ("100644", b"x\n")})
        assert rename_candidate(clone, moved, result) == candidate


def test_what_is_refused(clone: Repository) -> None:
    tree = tree_of(clone, {"k.c": ("100644", KERNEL), "link": ("120000", b"k.c")})
    for given, message in (
        ([Given("nn", "k.c", "port/k.c", "")] * 2, "k.c is overridden twice"),
        ([Given("nn", "link", "port/k.c", "")], "link is not a plain file"),
        ([Given("nn", "../k.c", "port/k.c", "")], "unsafe path"),
    ):
        with pytest.raises(SyncError, match=message):
            apply_overrides(clone, "nn", tree, given, SOURCES.__getitem__)
