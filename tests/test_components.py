"""Resolving against real repositories: refs, pins, upstream's own patches, mirrors, no network."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncer.components import load_mirrors, repository, resolve, sources
from syncer.errors import Exit, SyncError
from syncer.git import Repository, init_bare
from syncer.lock import Lock
from syncer.model import Resolved
from syncer.port import Port, load_port

PORT = """
[port]
name = "toy"
[upstream]
name = "up"
url = "https://example.invalid/up"
[[component]]
name = "lib"
url = "https://example.invalid/lib"
pin = { file = "pins.sh", pattern = '^PIN="(\\S+)"' }
path = "lib"
patch = "lib.patch"
[tree]
makefile = "Makefile"
downloads = "downloads"
goals = ["list"]
[build]
boards = ["toy"]
toolchain = { prefix = "", minimum = "1", packages = "gcc" }
[build.sdk]
name = "sdk"
variable = "SDK"
board_variable = "BOARD"
version = "1.0"
version_file = "version"
version_pattern = '(\\d+)'
[build.memories]
flash = [{ start = 0, length = 1 }]
[publish]
branch = "sync/up"
"""
PATCH = """\
--- a/code.c
+++ b/code.c
@@ -1,3 +1,4 @@
 one
 two
+patched
 three
"""


@dataclass
class World:
    folder: Path
    port: Port
    up: Repository
    lib: Repository

    def commit(
        self, repo: Repository, files: Mapping[str, str], ref: str, parent: str | None = None
    ) -> str:
        changes = {p: ("100644", repo.write_blob(t.encode())) for p, t in files.items()}
        tree = repo.write_tree(None, changes)
        made = repo.commit_tree(tree, [parent] if parent else [], f"state {ref}")
        repo.run(["update-ref", ref, made])
        return made

    def upstream(self, pin: str, ref: str = "refs/heads/main", parent: str | None = None) -> str:
        files = {"pins.sh": f'PIN="{pin}"\n', "lib.patch": PATCH, "Makefile": ref}
        return self.commit(self.up, files, ref, parent)

    def resolve(self, ref: str | None = None, lock: Lock | None = None) -> Resolved:
        found = sources(self.port, self.mirrors(), self.folder / "cache")
        return resolve(self.port, lock or Lock(), found, ref)

    def mirrors(self) -> dict[str, str]:
        return {
            "https://example.invalid/up": str(self.up.path),
            "https://example.invalid/lib": str(self.lib.path),
        }

    def clone(self, name: str) -> Repository:
        return repository(sources(self.port, self.mirrors(), self.folder / "cache")[name])


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = tmp_path / "port" / "port.toml"
    file.parent.mkdir()
    file.write_text(PORT)
    up, lib = init_bare(tmp_path / "up.git"), init_bare(tmp_path / "lib.git")
    return World(tmp_path, load_port(file), up, lib)


LIB = {"code.c": "one\ntwo\nthree\n"}


def test_a_commit_and_a_tag_as_pins(world: World) -> None:
    first = world.commit(world.lib, LIB, "refs/heads/main")
    head = world.upstream(first)
    resolved = world.resolve()
    assert resolved.upstream.commit == head
    (pin,) = resolved.components
    assert (pin.commit, pin.written, pin.file) == (first, first, "pins.sh")

    world.lib.run(["update-ref", "refs/tags/v2", first])
    world.upstream("v2", parent=head)
    assert world.resolve().components[0].commit == first
    assert world.resolve().components[0].written == "v2"


def test_upstreams_own_patch_is_in_the_tree(world: World) -> None:
    world.upstream(world.commit(world.lib, LIB, "refs/heads/main"))
    pin = world.resolve().components[0]
    clone = world.clone("lib")
    (entry,) = clone.ls_tree(pin.tree)
    assert clone.blob(entry.id) == b"one\ntwo\npatched\nthree\n"
    assert clone.rev_parse(pin.commit, "tree") != pin.tree


def test_branch_tag_commit_and_short_commit(world: World) -> None:
    pin = world.commit(world.lib, LIB, "refs/heads/main")
    old = world.upstream(pin, "refs/tags/v1")
    side = world.upstream(pin, "refs/heads/side", old)
    head = world.upstream(pin, "refs/heads/main", old)
    assert world.resolve().upstream.commit == head
    assert world.resolve("v1").upstream.commit == old
    assert world.resolve("side").upstream.commit == side
    assert world.resolve(old).upstream.commit == old
    assert world.resolve(old[:8]).upstream.commit == old
    with pytest.raises(SyncError, match="no branch, tag or commit 'nope'") as caught:
        world.resolve("nope")
    assert "main, side" in caught.value.hint


def test_a_branch_that_moved_is_followed_even_back(world: World) -> None:
    pin = world.commit(world.lib, LIB, "refs/heads/main")
    old = world.upstream(pin)
    new = world.upstream(pin, parent=old)
    assert world.resolve().upstream.commit == new
    world.up.run(["update-ref", "refs/heads/main", old])
    assert world.resolve().upstream.commit == old


def test_moves_count_what_lies_between(world: World) -> None:
    pin = world.commit(world.lib, LIB, "refs/heads/main")
    old = world.upstream(pin)
    new = world.upstream(pin, parent=world.upstream(pin, "refs/heads/x", old))
    up, lib = world.resolve(lock=Lock(commits={"up": old, "lib": pin})).moves
    assert (up.old, up.new, up.count) == (old, new, 2)
    assert up.commits[0] == (new, "state refs/heads/main")
    assert (lib.old, lib.count) == (pin, 0)
    assert world.resolve().moves[0].old is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no matches"),
        ('PIN="a"\nPIN="b"\n', "has 2 matches"),
        ('PIN="v9"\n', "names 'v9', which is no tag"),
        (f'PIN="{"a" * 40}"\n', f"does not have {'a' * 40}"),
    ],
)
def test_a_pin_that_cannot_be_read(world: World, text: str, said: str) -> None:
    world.commit(world.lib, LIB, "refs/heads/main")
    world.commit(world.up, {"pins.sh": text, "lib.patch": PATCH}, "refs/heads/main")
    with pytest.raises(SyncError) as caught:
        world.resolve()
    assert said in caught.value.message
    assert "pins.sh" in caught.value.message


def test_a_pin_file_that_moved(world: World) -> None:
    world.commit(world.up, {"other.sh": ""}, "refs/heads/main")
    with pytest.raises(SyncError, match="there is no pins.sh in up at") as caught:
        world.resolve()
    assert "component.pin.file" in caught.value.hint


def test_upstreams_patch_that_no_longer_applies(world: World) -> None:
    world.upstream(world.commit(world.lib, {"code.c": "other\n"}, "refs/heads/main"))
    with pytest.raises(SyncError, match="lib.patch in up at .* does not apply"):
        world.resolve()


def test_a_repository_that_cannot_be_reached(world: World) -> None:
    shutil.rmtree(world.up.path)
    with pytest.raises(SyncError) as caught:
        world.resolve()
    assert caught.value.exit is Exit.ENVIRONMENT


def test_everything_is_there_when_resolve_ends(world: World) -> None:
    """The mirrors allow partial clones; what resolve left out cannot be read once they are gone."""
    for repo in (world.up, world.lib):
        repo.run(["config", "uploadpack.allowFilter", "true"])
        repo.run(["config", "uploadpack.allowAnySHA1InWant", "true"])
    old_lib = world.commit(world.lib, {"code.c": "ancient\n"}, "refs/heads/main")
    world.upstream(world.commit(world.lib, LIB, "refs/heads/main", old_lib))
    file_urls = {url: f"file://{path}" for url, path in world.mirrors().items()}
    found = sources(world.port, file_urls, world.folder / "cache")
    resolved = resolve(world.port, Lock(), found, None)
    for repo in (world.up, world.lib):
        shutil.rmtree(repo.path)
    for pin in resolved.pins:
        clone = repository(found[pin.name])
        for entry in clone.ls_tree(pin.tree):
            assert clone.blob(entry.id)
    # The clone is partial indeed: an old commit's blob was not fetched.
    lib = repository(found["lib"])
    (ancient,) = lib.ls_tree(old_lib)
    assert not lib.has(ancient.id)


def test_upstream_is_never_run(world: World) -> None:
    """Resolve reads files; a hook or a script of upstream's leaves no trace."""
    trap = world.folder / "sprung"
    pin = world.commit(world.lib, LIB, "refs/heads/main")
    script = f'PIN="{pin}"\ntouch {trap}\n'
    world.commit(
        world.up, {"pins.sh": script, "lib.patch": PATCH, "Makefile": script}, "refs/heads/main"
    )
    world.resolve()
    assert not trap.exists()


def test_mirrors_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mirrors.toml"
    file.write_text('[mirrors]\n"https://a" = "repos/a"\n"https://b" = "https://c"\n')
    assert load_mirrors(file) == {"https://a": str(tmp_path / "repos/a"), "https://b": "https://c"}
    for text in ("mirrors = 3", "[mirrors]\na = 1", "[[["):
        file.write_text(text)
        with pytest.raises(SyncError, match="mirrors.toml"):
            load_mirrors(file)
    with pytest.raises(SyncError, match="No such file"):
        load_mirrors(tmp_path / "none.toml")


def test_two_mirrors_of_one_url_do_not_share_a_clone(world: World) -> None:
    other = dict(world.mirrors(), **{"https://example.invalid/up": "https://other.invalid/up"})
    one = sources(world.port, world.mirrors(), world.folder)["up"].clone
    assert one != sources(world.port, other, world.folder)["up"].clone


def test_clones_are_plain_git(world: World) -> None:
    world.upstream(world.commit(world.lib, LIB, "refs/heads/main"))
    world.resolve()
    path = world.clone("up").path
    subprocess.run(["git", "-C", str(path), "fsck"], check=True, capture_output=True)
