"""Resolving against real repositories: refs, pins, upstream's own patches, mirrors, no network."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncer.components import chosen, load_mirrors, repository, resolve, sources
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

    def describe(self, *changes: tuple[str, str]) -> None:
        """Describe the port otherwise: replace parts of its text."""
        text = PORT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.port.file.write_text(text)
        self.port = load_port(self.port.file)

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
    assert "component.pin" in caught.value.hint


def test_a_pin_whose_form_changed_names_the_commit(world: World) -> None:
    """Of all that touched the file it is the one that changed the form, forwards and backwards,
    also where the clone began without any blob of it."""
    pin = world.commit(world.lib, LIB, "refs/heads/main")
    a = world.upstream(pin)
    b = world.upstream(pin, "refs/heads/main", a)
    rest = {"lib.patch": PATCH, "Makefile": ""}
    c = world.commit(world.up, {"pins.sh": f"PIN={pin}\n", **rest}, "refs/heads/main", b)
    d = world.commit(world.up, {"pins.sh": f"PIN={pin} #\n", **rest}, "refs/heads/main", c)
    for repo in (world.up, world.lib):
        repo.run(["config", "uploadpack.allowFilter", "true"])
    with pytest.raises(SyncError) as caught:
        world.resolve(lock=Lock(commits={"up": b}))
    assert caught.value.exit is Exit.CONFLICT
    assert "has no matches" in caught.value.message
    assert f"It was until up {c[:12]} (1970-01-01, state refs/heads/main)" in caught.value.message
    assert c in caught.value.hint

    world.describe(('^PIN="(\\S+)"', "^PIN=(\\w+)"))
    shutil.rmtree(world.folder / "cache")
    with pytest.raises(SyncError) as caught:
        world.resolve(a, lock=Lock(commits={"up": d}))
    assert caught.value.exit is Exit.CONFLICT
    assert f"It is only since up {c[:12]}" in caught.value.message
    assert f"Roll to {c[:12]} or newer" in caught.value.hint


PLACES = (
    'pin = { file = "pins.sh", pattern = \'^PIN="(\\S+)"\' }',
    "pin = [{ file = \"pins.inc\", pattern = '^LIB=(\\w+)' }, "
    '{ file = "pins.sh", pattern = \'^PIN="(\\S+)"\' }]',
)


def test_of_several_places_one_that_upstream_uses(world: World) -> None:
    world.describe(PLACES)
    one = world.commit(world.lib, LIB, "refs/heads/main")
    two = world.commit(world.lib, LIB, "refs/heads/main", one)
    script, patch = f'PIN="{one}"\n', {"lib.patch": PATCH}

    def at(**files: str) -> str:
        named = {name.replace("_", "."): text for name, text in files.items()}
        return world.commit(world.up, patch | named, "refs/heads/main")

    old = at(pins_sh=script, Makefile="$(shell ./pins.sh)\n")
    assert world.resolve().components[0].commit == one
    # The script was left behind and says something else by now.
    at(pins_sh=script, pins_inc=f"LIB={two}\n", Makefile="include pins.inc\n")
    assert world.resolve().components[0].commit == two
    assert world.resolve().components[0].file == "pins.inc"
    # The pin has moved on; the script left behind must not be taken for it.
    at(pins_sh=script, pins_inc="", Makefile="include pins.inc\n")
    with pytest.raises(SyncError) as caught:
        world.resolve(lock=Lock(commits={"up": old}))
    assert "pins.inc in up at" in caught.value.message
    assert "pins.sh in up at" in caught.value.message
    assert "is named by no makefile" in caught.value.message
    # Both are in use, and disagree.
    at(pins_sh=script, pins_inc=f"LIB={two}\n", Makefile="include pins.inc pins.sh\n")
    with pytest.raises(SyncError, match="1 matches of .*; .* 1 matches of"):
        world.resolve()


def test_an_optional_component_may_be_absent_but_not_vanish(world: World) -> None:
    world.describe(('path = "lib"', 'path = "lib"\noptional = true'))
    world.commit(world.lib, LIB, "refs/heads/main")
    world.commit(world.up, {"Makefile": "all:\n"}, "refs/heads/main")
    assert world.resolve().components == ()
    # Upstream's build mentions its repository, so it is in use, however it is pinned.
    world.commit(world.up, {"Makefile": "get https://x.invalid/example.invalid/lib/v1\n"}, "refs/x")
    with pytest.raises(SyncError, match="there is no pins.sh"):
        world.resolve(world.up.rev_parse("refs/x"))
    with pytest.raises(SyncError, match="'lib' is optional"):
        override = '[[override]]\ncomponent = "lib"\npath = "a"\nsource = "b"\n'
        world.describe(
            ('path = "lib"', 'path = "lib"\noptional = true'),
            ("[tree]", f'{override}shadows = "{"a" * 40}"\n[tree]'),
        )


def test_a_component_that_upstream_once_took_from_elsewhere(world: World) -> None:
    url = "https://example.invalid/oldlib"
    place = PLACES[1].replace(" }]", f', url = "{url}" }}]')
    world.describe((PLACES[0], place))
    old = init_bare(world.folder / "oldlib.git")
    pin = world.commit(old, LIB, "refs/heads/main")
    files = {"pins.sh": f'PIN="{pin}"\n', "lib.patch": PATCH, "Makefile": "pins.sh\n"}
    first = world.commit(world.up, files, "refs/heads/main")
    with pytest.raises(SyncError) as caught:
        world.resolve()
    assert caught.value.exit is Exit.ENVIRONMENT
    assert f"pins {url}, which cannot be reached" in caught.value.message
    new = {**files, "pins.inc": f"LIB={pin}\n", "Makefile": "pins.inc\n"}
    bump = world.commit(world.up, new, "refs/heads/main", first)
    with pytest.raises(SyncError) as caught:
        world.resolve(first, Lock(commits={"up": bump}))
    assert f"; since up {bump[:12]} (1970-01-01, state" in caught.value.message
    assert caught.value.message.endswith(" it is https://example.invalid/lib")
    assert f"or roll to {bump[:12]} or newer" in caught.value.hint

    found = sources(world.port, {**world.mirrors(), url: str(old.path)}, world.folder / "cache")
    resolved = resolve(world.port, Lock(), found, first)
    assert (resolved.components[0].url, resolved.components[0].commit) == (url, pin)
    used = chosen(found, resolved)
    assert repository(used["lib"]).has(pin)
    assert not repository(found["lib"]).path.exists()


def test_upstreams_patch_in_one_of_two_places(world: World) -> None:
    world.describe(('patch = "lib.patch"', 'patch = ["new/lib.patch", "lib.patch"]'))
    pin = world.commit(world.lib, LIB, "refs/heads/main")
    files = {"pins.sh": f'PIN="{pin}"\n', "Makefile": ""}
    old = world.commit(world.up, {**files, "lib.patch": PATCH}, "refs/heads/main")
    new = world.commit(world.up, {**files, "new/lib.patch": PATCH}, "refs/heads/main", old)
    assert world.resolve(old).components[0].tree == world.resolve(new).components[0].tree
    both = {**files, "lib.patch": PATCH, "new/lib.patch": PATCH}
    world.commit(world.up, both, "refs/heads/main", new)
    with pytest.raises(SyncError, match=r"has both new/lib.patch and lib.patch"):
        world.resolve()
    world.commit(world.up, files, "refs/heads/main", new)
    with pytest.raises(SyncError, match=r"no new/lib.patch nor lib.patch"):
        world.resolve()


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
