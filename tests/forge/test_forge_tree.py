"""The generated tree, published for those who use it."""

from __future__ import annotations

from hub import Hub, git
from shop import PORT, Shop, commit_id

from syncer.errors import Exit


def toml(mode: str, table: str) -> str:
    return PORT.replace("[publish]\n", f'[publish]\nmode = "{mode}"\n') + f"[publish.tree]\n{table}"


def test_a_tree_goes_onto_the_branch_that_users_take(shop: Shop) -> None:
    shop.write({"port/port.toml": toml("both", 'branch = "tree"\nbase = ""\n')})
    for to in ("first", "first", "second", "second"):
        shop.roll(to)
        shop.publish().done()
    assert len(shop.state.pulls) == 1  # the queue's
    assert shop.files("tree") == {"run.sh": "#!/bin/sh", "src/a.cc": "// second"}
    assert git(shop.state.bare, "ls-tree", "tree", "run.sh").startswith("100755")
    history = git(shop.state.bare, "log", "--format=%H %P", "tree").splitlines()
    assert [len(line.split()) for line in history] == [2, 1]
    message = git(shop.state.bare, "log", "-1", "--format=%B", "tree")
    assert message.startswith("Tree: up at ") and f"up  {commit_id('second')}" in message
    assert git(shop.state.bare, "log", "-1", "--format=%aI", "tree").startswith("2026-01-06T10:00")


def test_a_tree_in_a_pull_request(hub: Hub, shop: Shop) -> None:
    state = hub.repository("users/tree")
    place = shop.folder / "users"
    git(None, "init", "--quiet", "--initial-branch=main", str(place))
    for path in (
        ".github/workflows/theirs.yml",
        "src/old.cc",
        "README.md",
        "vendor/tflm/old.cc",
    ):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text("theirs\n")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "Theirs")
    git(place, "push", "--quiet", str(state.bare), "HEAD:main")

    def published(folder: str) -> set[str]:
        table = (
            f'repository = "users/tree"\nbranch = "sync/t"\nbase = "main"\nfolder = "{folder}"\n'
        )
        shop.write({"port/port.toml": toml("tree", table)})
        shop.roll()
        shop.publish().done()
        assert git(state.bare, "rev-parse", "sync/t~1") == state.tip("main")
        return set(git(state.bare, "ls-tree", "-r", "--name-only", "sync/t").splitlines())

    kept = {".github/workflows/theirs.yml"}
    assert published(".") == kept | {"run.sh", "src/a.cc"}
    outside = kept | {"src/old.cc", "README.md"}
    assert published("vendor/tflm") == outside | {
        "vendor/tflm/run.sh",
        "vendor/tflm/src/a.cc",
    }
    assert [p["base"] for p in state.pulls.values()] == ["main"]
    assert not shop.state.pulls and not shop.state.tip("sync/up")


def test_a_base_that_is_not_there(shop: Shop) -> None:
    shop.write({"port/port.toml": toml("tree", 'branch = "sync/t"\nbase = "nowhere"\n')})
    shop.roll()
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "no branch nowhere" in said.err
    assert "leave it out" in said.err


def test_what_port_toml_may_not_order(shop: Shop) -> None:
    for text, words in (
        (toml("tree", "").replace("[publish.tree]\n", ""), "publish.mode"),
        (toml("both", 'branch = "sync/up"\n'), "is the queue's branch"),
        (toml("both", 'branch = "t"\nbase = "main"\n'), "does not begin with 'sync/'"),
        (PORT.replace("sync/up", "main"), "does not begin with 'sync/'"),
        (PORT.replace("owner/port", "port"), "owner/name"),
        (PORT + 'author = "nobody"\n', "Name <mail>"),
        (toml("queued", ""), "mode"),
    ):
        (shop.checkout / "port" / "port.toml").write_text(text)
        said = shop.sync("status")
        assert said.status == Exit.BAD_INPUT and words in said.err, (words, said)
