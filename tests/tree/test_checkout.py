"""The checkout between rolls: brought up to date, it is as one made anew; whatever else touched it
does not stay."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from toy_port import COMPONENT, UPSTREAM, Toy, commit

from syncer.errors import SyncError
from syncer.git import Repository
from syncer.tree.checkout import Checkout, check_out

Files = Mapping[str, bytes | tuple[str, bytes]]
NESTED = """\
[[component]]
name = "inner"
url = "https://example.invalid/inner"
pin = { file = "Makefile", pattern = '(DOWNLOADS)' }
path = "lib/inner"
[tree]
"""


def tree_of(repo: Repository, files: Files) -> str:
    entries = {
        path: data if isinstance(data, tuple) else ("100644", data) for path, data in files.items()
    }
    return repo.write_tree(
        None, {path: (mode, repo.write_blob(data)) for path, (mode, data) in entries.items()}
    )


def content(root: Path) -> dict[str, tuple[str, bytes]]:
    """Everything in a folder: folders too, links by where they lead, and who may run it."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.fsencode(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", b"")
        else:
            found[name] = ("run" if os.access(path, os.X_OK) else "file", path.read_bytes())
    return found


@pytest.fixture
def up(toy: Toy) -> Callable[[Files, Files, Path], Checkout]:
    """Check out states of upstream and the component."""
    port = toy.port()

    def made(upstream: Files, component: Files, folder: Path) -> Checkout:
        repos = toy.repositories
        trees = {"up": tree_of(repos["up"], upstream), "lib": tree_of(repos["lib"], component)}
        return check_out(port, trees, repos, folder)

    return made


Up = Callable[[Files, Files, Path], Checkout]


def change(draw: random.Random, files: dict[str, bytes | tuple[str, bytes]]) -> None:
    """One thing that a commit may do."""
    names = sorted(files)
    name = draw.choice(names)
    kind = draw.randrange(8)
    if kind == 0:
        files[f"new{draw.randrange(9)}/f{draw.randrange(9)}.c"] = b"%d" % draw.randrange(99)
    elif kind == 1 and len(names) > 3:
        del files[name]
    elif kind == 2:  # a file becomes a folder
        del files[name]
        files[f"{name}/inside"] = b"x"
    elif kind == 3 and "/" in name:  # a folder becomes a file
        top = name.split("/")[0]
        for other in names:
            if other.startswith(f"{top}/"):
                del files[other]
        files[top] = b"flat"
    elif kind == 4:
        data = files[name]
        files[name] = ("100755", data[1] if isinstance(data, tuple) else data)
    elif kind == 5 and draw.random() < 0.3:
        files[name] = ("120000", b"LICENSE")
    else:
        files[name] = b"changed %d" % draw.randrange(10**6)


@pytest.mark.parametrize("seed", range(6))
def test_kept_it_is_as_made_anew(up: Up, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    states: list[dict[str, bytes | tuple[str, bytes]]] = [dict(UPSTREAM), dict(COMPONENT)]
    for number in range(8):
        kept = up(*states, tmp_path / "kept")
        fresh = up(*states, tmp_path / f"fresh{number}")
        assert content(kept.folder) == content(fresh.folder)
        assert kept.files == fresh.files
        assert kept.whole is fresh.whole
        for _ in range(draw.randrange(1, 4)):
            change(draw, draw.choice(states))
        for state in states:
            state["LICENSE"] = b"terms"  # where links lead


def test_what_did_not_change_is_not_written_again(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    checkout = up(UPSTREAM, COMPONENT, folder)
    before = {path: (checkout.folder / path).stat().st_ino for path in checkout.files}
    up({**UPSTREAM, "src/a.cc": b"int other;\n"}, COMPONENT, folder)
    after = {path: (checkout.folder / path).stat().st_mtime_ns for path in checkout.files}
    same = {p for p, ino in before.items() if (checkout.folder / p).stat().st_ino == ino}
    assert same >= set(after) - {"src/a.cc"}
    assert checkout.read("src/a.cc") == b"int other;\n"


@pytest.mark.parametrize(
    "meddle",
    [
        lambda root: (root / "src/a.cc").write_bytes(b"int b;\n"),
        lambda root: (root / "src/extra.cc").write_bytes(b""),
        lambda root: (root / "src/a.h").unlink(),
        lambda root: (root / "src/link").symlink_to("a.h"),
        lambda root: shutil.rmtree(root),
        lambda root: (root.parent / "checkout.json").unlink(),
        lambda root: (root.parent / "checkout.json").write_text('{"places": [{}], "wri'),
        lambda root: (root.parent / "checkout.json").write_text('{"places": [{}], "written": {}}'),
    ],
)
def test_whatever_else_touched_it_does_not_stay(
    up: Up, tmp_path: Path, meddle: Callable[[Path], object]
) -> None:
    checkout = up(UPSTREAM, COMPONENT, tmp_path / "work")
    clean = content(checkout.folder)
    meddle(checkout.folder)
    assert content(up(UPSTREAM, COMPONENT, tmp_path / "work").folder) == clean


def test_a_hostile_name_is_refused_in_a_change_too(toy: Toy, up: Up, tmp_path: Path) -> None:
    up(UPSTREAM, COMPONENT, tmp_path)
    repo = toy.repositories["up"]
    blob = repo.write_blob(b"[core]\n")
    evil = repo.text(["mktree", "-z"], input=f"100644 blob {blob}\tconfig\0".encode())
    top = tree_of(repo, UPSTREAM)
    listing = repo.run(["ls-tree", "-z", top]) + f"040000 tree {evil}\t.git\0".encode()
    hostile = repo.text(["mktree", "-z"], input=listing)
    trees = {"up": hostile, "lib": tree_of(toy.repositories["lib"], COMPONENT)}
    with pytest.raises(SyncError, match=r"names git's own folder"):
        check_out(toy.port(), trees, toy.repositories, tmp_path)
    assert not (tmp_path / "checkout/.git").exists()


def test_make_is_asked_again_only_where_it_could_answer_otherwise(up: Up, tmp_path: Path) -> None:
    asked = []

    def answer(upstream: Files, question: str = "what is there?") -> str:
        def ask() -> str:
            asked.append(question)
            return f"answer {len(asked)}"

        return up(upstream, COMPONENT, tmp_path).answer(question, ask)

    assert answer(UPSTREAM) == "answer 1"
    assert answer({**UPSTREAM, "src/a.cc": b"int z;\n", "src/a.h": b"\n"}) == "answer 1"
    assert answer({**UPSTREAM, "src/b.cc": b""}) == "answer 2"
    assert answer({**UPSTREAM, "Makefile": b"other:\n"}) == "answer 3"
    assert answer({**UPSTREAM, "models/m.tflite": b"other"}) == "answer 4"
    assert answer(UPSTREAM, "what else?") == "answer 5"
    assert answer(UPSTREAM) == "answer 1"

    def fails() -> str:
        raise SyncError("no answer")

    with pytest.raises(SyncError):
        up(UPSTREAM, COMPONENT, tmp_path).answer("why?", fails)
    assert answer(UPSTREAM, "why?") == "answer 6"


def test_a_component_that_is_left_out(toy: Toy, tmp_path: Path) -> None:
    port, repos = toy.port(), toy.repositories
    _, tree = commit(repos["up"], UPSTREAM)
    _, lib = commit(repos["lib"], COMPONENT)
    both = check_out(port, {"up": tree, "lib": lib}, repos, tmp_path)
    assert both.has("downloads/lib/Source/c.c")
    one = check_out(port, {"up": tree}, repos, tmp_path)
    assert not one.has("downloads/lib/Source/c.c")
    assert not (one.folder / "downloads/lib").exists()


def test_a_nested_component(toy: Toy, tmp_path: Path) -> None:
    port, repos = toy.port("[tree]\n", NESTED), dict(toy.repositories)
    repos["inner"] = repos["lib"]
    trees = {"up": tree_of(repos["up"], UPSTREAM), "lib": tree_of(repos["lib"], COMPONENT)}
    trees["inner"] = tree_of(repos["inner"], {"deep.h": b"1\n"})
    check_out(port, trees, repos, tmp_path)
    trees["inner"] = tree_of(repos["inner"], {"deep.h": b"2\n"})
    made = check_out(port, trees, repos, tmp_path)
    assert made.read("downloads/lib/inner/deep.h") == b"2\n"
    assert made.has("downloads/lib/Source/c.c")


def test_no_way_out(up: Up, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    linked = {**UPSTREAM, "src/link.h": ("120000", b"a.h")}
    checkout = up(linked, COMPONENT, tmp_path / "work")
    assert not checkout.whole
    assert checkout.has("src/link.h") and checkout.has("src/../src/a.h")
    assert not checkout.has("../../secret")
    assert not checkout.has("src")
    plain = up(UPSTREAM, COMPONENT, tmp_path / "work")
    assert plain.whole
    assert plain.has("./src/a.h") and not plain.has("../../secret") and not plain.has("src/b.h")
