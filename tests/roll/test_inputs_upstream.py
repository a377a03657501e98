"""Upstream out of reach, out of order or out to get us: what is said, and that nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from desk import Desk, Done

from syncer.errors import Exit
from syncer.git import Repository

pytestmark = pytest.mark.slow

URL = "https://miniature.invalid"
MAKEFILE = "tensorflow/lite/micro/tools/make/Makefile"


@dataclass(frozen=True)
class Mirror:
    """Copies of the miniature's repositories, to be spoilt, with a table that leads there."""

    desk: Desk
    folder: Path

    @property
    def upstream(self) -> Path:
        return self.folder / "tflite-micro.git"

    def table(self, upstream: str | Path) -> Path:
        file = self.folder / "mirrors.toml"
        component = self.folder / "cmsis-nn.git"
        file.write_text(
            f'[mirrors]\n"{URL}/tflite-micro" = "{upstream}"\n"{URL}/cmsis-nn" = "{component}"\n'
        )
        return file

    def roll(self, upstream: str | Path | None = None, ref: str = "base", until: str = "") -> Done:
        """A roll through this mirror; the upstream repository is `upstream`, if given."""
        table = self.table(upstream or self.upstream)
        options = ("--until", until or "rebase", "--upstream", ref)
        return self.desk.run("roll", "--mirrors", str(table), *options)


@pytest.fixture
def mirror(desk: Desk, tmp_path: Path) -> Mirror:
    for name in ("tflite-micro.git", "cmsis-nn.git"):
        shutil.copytree(desk.world.upstream / name, tmp_path / name)
    return Mirror(desk, tmp_path)


def git(*arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        ["git", *map(str, arguments)],
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


def refused(mirror: Mirror, done: Done, exit: Exit, *said: str) -> None:
    done.refused(exit, *said)
    # A rebase onto another commit is a result of its own.
    was, now = (
        {k: v for k, v in outputs.items() if k != "stages/rebase.json"}
        for outputs in (mirror.desk.good, mirror.desk.outputs())
    )
    assert now == was


# ---- out of reach

PLACES: list[tuple[str, Callable[[Mirror], str | Path], tuple[str, ...]]] = [
    ("refused", lambda m: "https://127.0.0.1:9/tflite-micro", ("127.0.0.1", "mirror")),
    ("host unknown", lambda m: "https://host.invalid/x", ("host.invalid", "mirror")),
    ("not there", lambda m: m.folder / "gone.git", ("gone.git", "does not appear to be")),
    ("not there, by URL", lambda m: f"file://{m.folder}/gone.git", ("gone.git",)),
    ("a file", lambda m: m.folder / "mirrors.toml", ("mirrors.toml",)),
    ("an empty folder", lambda m: empty(m), ("empty", "does not appear to be")),
    ("not encrypted", lambda m: "http://127.0.0.1:9/x", ("http", "https")),
    ("a program", lambda m: "ext::sh -c true", ("ext",)),
    ("a host over ssh", lambda m: "ssh://git@127.0.0.1:9/x", ("127.0.0.1",)),
]


def empty(mirror: Mirror) -> Path:
    (mirror.folder / "empty").mkdir()
    return mirror.folder / "empty"


@pytest.mark.parametrize(
    ("place", "said"), [pytest.param(place, said, id=name) for name, place, said in PLACES]
)
def test_a_repository_that_cannot_be_reached(
    mirror: Mirror, place: Callable[[Mirror], str | Path], said: tuple[str, ...]
) -> None:
    refused(
        mirror, mirror.roll(place(mirror)), Exit.ENVIRONMENT, "tflite-micro", "--mirrors", *said
    )


def test_without_a_mirror_and_without_a_network(mirror: Mirror) -> None:
    nothing = mirror.folder / "none.toml"
    nothing.write_text("[mirrors]\n")
    done = mirror.desk.run("roll", "--mirrors", str(nothing), "--until", "resolve")
    refused(mirror, done, Exit.ENVIRONMENT, f"{URL}/tflite-micro", "--mirrors")


# ---- no such commit

REFS = [
    ("mian", ("'mian'", "main")),
    ("bsae", ("'bsae'", "base")),
    ("nothing-like-it-at-all", ("no branch, tag or commit",)),
    ("12" * 20, ("no branch, tag or commit", "12" * 20)),
    ("1212121", ("no branch, tag or commit",)),
    ("", ("no branch, tag or commit",)),
    ("*", ("no branch, tag or commit",)),
    ("main^", ("no branch, tag or commit",)),
    ("a b", ("no branch, tag or commit",)),
    ("--output=x", ("no branch, tag or commit",)),
    ("main\n", ("no branch, tag or commit",)),
]


@pytest.mark.parametrize(("ref", "said"), REFS)
def test_a_reference_that_is_none(desk: Desk, ref: str, said: tuple[str, ...]) -> None:
    done = desk.run("roll", "--until", "resolve", f"--upstream={ref}")
    done.refused(Exit.BAD_INPUT, *said)
    assert desk.outputs() == desk.good


# ---- a mirror that is not whole


def packed(mirror: Mirror) -> Path:
    """The one pack of the mirror's upstream."""
    git("repack", "-adq", cwd=mirror.upstream)
    (pack,) = (mirror.upstream / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    return pack


def test_a_truncated_pack(mirror: Mirror) -> None:
    pack = packed(mirror)
    pack.write_bytes(pack.read_bytes()[: pack.stat().st_size // 2])
    done = mirror.roll()
    refused(mirror, done, Exit.ENVIRONMENT, "tflite-micro", str(mirror.upstream), "mirror")


def test_a_missing_object(mirror: Mirror) -> None:
    repository = Repository(mirror.upstream)
    blob = repository.rev_parse(f"base:{MAKEFILE}", "blob")
    loosen(mirror)
    loose = mirror.upstream / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o644)
    loose.unlink()
    done = mirror.roll()
    refused(mirror, done, Exit.ENVIRONMENT, "tflite-micro", str(mirror.upstream))


def loosen(mirror: Mirror) -> None:
    """Every object of the mirror's in a file of its own."""
    for pack in list((mirror.upstream / "objects" / "pack").glob("*.pack")):
        moved = mirror.folder / pack.name
        pack.rename(moved)
        for side in pack.parent.glob(f"{pack.stem}.*"):
            side.unlink()
        with moved.open("rb") as stream:
            subprocess.run(
                ["git", "unpack-objects", "-q"], cwd=mirror.upstream, stdin=stream, check=True
            )


@pytest.mark.parametrize("head", [b"garbage\n", b"", bytes(range(256))])
def test_a_garbage_head(mirror: Mirror, head: bytes) -> None:
    (mirror.upstream / "HEAD").write_bytes(head)
    refused(mirror, mirror.roll(), Exit.ENVIRONMENT, "tflite-micro", str(mirror.upstream))


def test_an_empty_repository(mirror: Mirror) -> None:
    bare = mirror.folder / "bare.git"
    bare.mkdir()
    git("init", "--quiet", "--bare", cwd=bare)
    refused(mirror, mirror.roll(bare), Exit.BAD_INPUT, "no branch, tag or commit", "none")


def test_a_shallow_mirror_is_enough_where_the_lock_needs_no_more(mirror: Mirror) -> None:
    shallow = mirror.folder / "shallow.git"
    source = f"file://{mirror.upstream}"
    git("clone", "-q", "--bare", "--depth=1", "-b", "base", source, shallow, cwd=mirror.folder)
    done = mirror.roll(shallow)
    assert done.status == Exit.OK, done


def test_a_shallow_mirror_without_the_accepted_commit(mirror: Mirror) -> None:
    shallow = mirror.folder / "shallow.git"
    source = f"file://{mirror.upstream}"
    git("clone", "-q", "--bare", "--depth=1", "-b", "main", source, shallow, cwd=mirror.folder)
    done = mirror.roll(shallow, "main")
    refused(mirror, done, Exit.BAD_INPUT, "sync.lock", "commits.tflite-micro", str(shallow))
    assert "shallow" in done.hint


def test_a_partial_clone_whose_promisor_is_gone(mirror: Mirror) -> None:
    partial = mirror.folder / "partial.git"
    source = f"file://{mirror.upstream}"
    git("config", "uploadpack.allowFilter", "true", cwd=mirror.upstream)
    git("clone", "-q", "--bare", "--filter=blob:none", source, partial, cwd=mirror.folder)
    shutil.rmtree(mirror.upstream)
    refused(mirror, mirror.roll(partial), Exit.ENVIRONMENT, "tflite-micro", str(partial))


# ---- a clone of ours that is not whole


def clone_of(mirror: Mirror) -> Path:
    """The clone that a first roll through the mirror leaves in the cache."""
    folder = mirror.desk.world.folder / "cache" / "clones"
    before = set(folder.iterdir())
    assert mirror.roll().status == Exit.OK
    new = (path for path in set(folder.glob("*.git")) - before if "tflite-micro" in path.name)
    (found,) = new
    return found


def truncate(clone: Path) -> None:
    for pack in (clone / "objects" / "pack").glob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:40])


def no_trees(clone: Path) -> None:
    for pack in (clone / "objects" / "pack").glob("*"):
        pack.unlink()


def garbage_head(clone: Path) -> None:
    (clone / "HEAD").write_text("garbage")


def no_head(clone: Path) -> None:
    (clone / "HEAD").unlink()


def as_file(clone: Path) -> None:
    shutil.rmtree(clone)
    clone.write_text("")


def stale_lock(clone: Path) -> None:
    (clone / "shallow.lock").write_text("")
    (clone / "packed-refs.lock").write_text("")


@pytest.mark.parametrize("spoil", [truncate, no_trees, garbage_head, no_head, as_file, stale_lock])
def test_a_damaged_clone_of_ours(mirror: Mirror, spoil: Callable[[Path], None]) -> None:
    """It is fetched again, or the message says which folder to remove; then it is."""
    clone = clone_of(mirror)
    spoil(clone)
    done = mirror.roll(ref="source-added")
    if done.status != Exit.OK:
        refused(mirror, done, Exit.ENVIRONMENT, "tflite-micro", clone.name, "rm -rf")
        shutil.rmtree(clone) if clone.is_dir() else clone.unlink()
        assert mirror.roll(ref="source-added").status == Exit.OK


# ---- what upstream may not do


def commit(mirror: Mirror, change: Callable[[Repository], dict[str, tuple[str, str]]]) -> None:
    """One more commit on top of `base`, as the branch `odd`."""
    repository = Repository(mirror.upstream)
    base = repository.rev_parse("base")
    tree = repository.write_tree(base, change(repository))
    made = repository.commit_tree(tree, [base], "odd")
    repository.run(["update-ref", "refs/heads/odd", made])


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../../../../etc/passwd", "../.."])
def test_a_symbolic_link_of_upstreams_that_climbs_out(mirror: Mirror, target: str) -> None:
    commit(
        mirror,
        lambda r: {"tensorflow/lite/micro/link.h": ("120000", r.write_blob(target.encode()))},
    )
    done = mirror.roll(ref="odd", until="tree")
    if target == "../..":  # inside of the checkout, and no file
        assert done.status in (Exit.OK, Exit.BUILD)
        return
    refused(mirror, done, Exit.BAD_INPUT, "tflite-micro", "link.h", "leads outside")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "no/such/file.cc"])
def test_a_listing_of_upstreams_that_climbs_out(mirror: Mirror, path: str) -> None:
    def change(repository: Repository) -> dict[str, tuple[str, str]]:
        text = repository.blob(repository.rev_parse(f"base:{MAKEFILE}", "blob"))
        more = text + f"\nMICROLITE_CC_HDRS += {path}\n".encode()
        return {MAKEFILE: ("100644", repository.write_blob(more))}

    commit(mirror, change)
    done = mirror.roll(ref="odd", until="tree")
    refused(mirror, done, Exit.BUILD, MAKEFILE, path, "no file of upstream's")


def test_a_tree_of_upstreams_that_climbs_out(mirror: Mirror) -> None:
    repository = Repository(mirror.upstream)
    blob = repository.write_blob(b"x")
    tree = b"100644 ..\0" + bytes.fromhex(blob)
    literally = ["hash-object", "-t", "tree", "--literally", "-w", "--stdin"]
    inner = repository.run(literally, input=tree).decode().strip()
    base = repository.rev_parse("base")
    entries = repository.run(["ls-tree", base]).decode() + f"040000 tree {inner}\tzz\n"
    outer = repository.run(["mktree"], input=entries.encode()).decode().strip()
    made = repository.commit_tree(outer, [base], "odd")
    repository.run(["update-ref", "refs/heads/odd", made])
    done = mirror.roll(ref="odd", until="tree")
    refused(mirror, done, Exit.BAD_INPUT, "tflite-micro", "zz/..")


# ---- the table of mirrors

TABLES = [
    ("", "no table [mirrors]"),
    ("[mirors]\n", "[mirors]"),
    ('[mirrors]\n"a" = 3\n', "'a' = 3"),
    ('[mirrors]\n"a" = ""\n', "'a' = ''"),
    ('[mirrors]\n"a" = "b"\n"a" = "c"\n', "mirrors.toml:3:"),
    ("[mirrors\n", "mirrors.toml:1:"),
    ("mirrors = 3\n", "no table"),
    ('[mirrors]\n"a" = "~nobody-at-all/x"\n', "cannot"),
]


@pytest.mark.parametrize(("text", "said"), TABLES)
def test_a_table_of_mirrors_with_a_mistake(
    desk: Desk, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "mirrors.toml"
    file.write_text(text)
    done = desk.run("roll", "--until", "resolve", "--mirrors", str(file))
    if said == "cannot":  # the table is in order, the place is not
        done.refused(Exit.ENVIRONMENT, "cannot fetch")
        return
    done.refused(Exit.BAD_INPUT, str(file), said, "[mirrors]")


@pytest.mark.parametrize("name", ["gone.toml", "."])
def test_no_table_of_mirrors(desk: Desk, tmp_path: Path, name: str) -> None:
    done = desk.run("roll", "--until", "resolve", "--mirrors", str(tmp_path / name))
    done.refused(Exit.BAD_INPUT, str(tmp_path / name))


def test_a_url_is_the_same_with_and_without_git_at_its_end(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "mirrors.toml"
    text = desk.mirrors.read_text()
    file.write_text(
        text.replace('tflite-micro" =', 'tflite-micro.git" =').replace('nn" =', 'nn/" =')
    )
    assert text != file.read_text()
    done = desk.run("roll", "--until", "resolve", "--upstream", "base", "--mirrors", str(file))
    assert done.status == Exit.OK, done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_mirror_of_another_user(mirror: Mirror) -> None:
    for path in (mirror.upstream, *mirror.upstream.rglob("*")):
        os.chown(path, 65534, 65534)
    refused(mirror, mirror.roll(), Exit.ENVIRONMENT, str(mirror.upstream), "another user")
