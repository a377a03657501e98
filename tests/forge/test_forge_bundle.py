"""A job that ran foreign code wrote the bundle: nothing in it is believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hub import git
from shop import Shop

from syncer.errors import Exit

REF = "refs/heads/sync/queue"
GOOD = {
    "port/sync.lock": "to = 'accepted'\n",
    "patches/up/0001.patch": "for accepted\n",
}


class Forger:
    """Makes a bundle by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git(None, "init", "--quiet", "--initial-branch=sync/queue", str(folder))

    def commit(self, files: dict[str, str], *more: str) -> None:
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git(self.folder, "add", "--all", "--force")
        git(
            self.folder,
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "@all Fixes #1",
            *more,
        )

    def bundle(self, file: Path, *refs: str) -> None:
        git(self.folder, "bundle", "create", "--quiet", str(file), *(refs or [REF]))


def two(forger: Forger) -> None:
    forger.commit(GOOD)
    forger.commit({"port/sync.lock": "to = 'there'\n"})


def workflow(forger: Forger) -> None:
    forger.commit(GOOD)
    forger.commit({".github/workflows/evil.yml": "on: push\n"})


def elsewhere(forger: Forger) -> None:
    forger.commit(GOOD)
    forger.commit({"README.md": "Mine now.\n"})


def sources(forger: Forger) -> None:
    """What a roll is made of, it does not change."""
    forger.commit({**GOOD, "port/src/clock.cc": "int clock_;\n"})
    forger.commit({"port/src/clock.cc": "int evil;\n"})


def read_elsewhere(forger: Forger) -> None:
    forger.commit({**GOOD, "secrets.txt": "?"})
    forger.commit({"port/sync.lock": "to = 'there'\n"})


def link(forger: Forger) -> None:
    forger.commit(GOOD)
    (forger.folder / "patches/up/0002.patch").symlink_to("/etc/passwd")
    forger.commit({})


def program(forger: Forger) -> None:
    forger.commit(GOOD)
    git(
        *(forger.folder, "update-index", "--add", "--cacheinfo"),
        f"160000,{'1' * 40},patches/up/sub",
    )
    git(forger.folder, "commit", "--quiet", "--message", "x")


def one(forger: Forger) -> None:
    forger.commit(GOOD)


def three(forger: Forger) -> None:
    two(forger)
    forger.commit({"port/sync.lock": "to = 'further'\n"})


def merged(forger: Forger) -> None:
    forger.commit(GOOD)
    git(forger.folder, "checkout", "--quiet", "-b", "side")
    forger.commit({"port/sync.lock": "to = 'side'\n"})
    git(forger.folder, "checkout", "--quiet", "sync/queue")
    git(forger.folder, "merge", "--quiet", "--no-ff", "--message", "m", "side")


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (workflow, ".github/workflows/evil.yml"),
        (elsewhere, "'README.md', which no roll changes"),
        (sources, "'port/src/clock.cc', which no roll changes"),
        (read_elsewhere, "'secrets.txt', which is none of the port's files"),
        (link, "no plain file"),
        (program, "no plain file"),
        (one, "holds 1 commits"),
        (three, "holds 3 commits"),
        (merged, "holds 3 commits"),
    ],
)
def test_what_a_bundle_may_not_hold(
    shop: Shop, tmp_path: Path, forge: Callable[[Forger], None], words: str
) -> None:
    shop.roll()
    forger = Forger(tmp_path / "forger")
    forge(forger)
    forger.bundle(shop.port.state / "bundles" / "queue.bundle")
    said = shop.publish()
    assert said.status == Exit.PUBLISH, said
    assert words in said.err and "nothing was published" in said.err
    assert not shop.state.tip("sync/up") and not shop.sent("POST")


def test_what_it_may_hold_is_sent_with_our_own_message(shop: Shop, tmp_path: Path) -> None:
    shop.roll()
    forger = Forger(tmp_path / "forger")
    two(forger)
    forger.bundle(shop.port.state / "bundles" / "queue.bundle")
    shop.publish().done()
    assert shop.files("sync/up")["port/sync.lock"] == "to = 'there'"
    message = git(shop.state.bare, "log", "-1", "--format=%an %B", "sync/up")
    assert "Fixes" not in message and "@" not in message


def test_refs_that_do_not_belong(shop: Shop, tmp_path: Path) -> None:
    file = shop.port.state / "bundles" / "queue.bundle"
    for number, refs in enumerate(([REF, "refs/heads/main"], ["refs/heads/main"], ["HEAD"])):
        shop.roll()
        forger = Forger(tmp_path / f"forger{number}")
        two(forger)
        git(forger.folder, "branch", "main")
        forger.bundle(file, *refs)
        said = shop.publish()
        assert said.status == Exit.PUBLISH and "alone" in said.err, said
    assert not shop.state.tip("sync/up")


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"# v2 git bundle\n\nPACKnot"])
def test_what_is_no_bundle(shop: Shop, data: bytes) -> None:
    shop.roll()
    (shop.port.state / "bundles" / "queue.bundle").write_bytes(data)
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "not what a roll leaves" in said.err, said


def test_a_bundle_that_lacks_objects(shop: Shop, tmp_path: Path) -> None:
    shop.roll()
    forger = Forger(tmp_path / "forger")
    two(forger)
    forger.bundle(shop.port.state / "bundles" / "queue.bundle", f"{REF}~1..{REF}")
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "not what a roll leaves" in said.err, said
