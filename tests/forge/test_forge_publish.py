"""One pull request, whatever happens: publishing against the stand-in."""

from __future__ import annotations

from hub import git
from shop import Shop


def only_pull(shop: Shop) -> dict[str, object]:
    assert len(shop.state.pulls) == 1, shop.state.pulls
    pull: dict[str, object] = next(iter(shop.state.pulls.values()))
    return pull


def test_the_first_roll_opens_the_pull_request(shop: Shop) -> None:
    shop.roll()
    said = shop.publish().done()
    pull = only_pull(shop)
    assert (pull["head"], pull["base"], pull["draft"]) == ("sync/up", "main", False)
    assert pull["labels"] == ["upstream-sync"]
    assert str(pull["title"]).startswith("Roll up to ")
    assert str(pull["body"]).startswith("<!-- sync: {")
    assert f"/{shop.state.name}/pull/{pull['number']}" in said.out
    branch, main = shop.files("sync/up"), shop.files("main")
    assert branch["port/sync.lock"] == "to = 'first'"
    assert branch["patches/up/0001.patch"] == "for first"
    assert {path for path in main if branch.get(path) != main[path]} == {
        "port/sync.lock",
        "patches/up/0001.patch",
    }
    assert git(shop.state.bare, "rev-parse", "sync/up~1") == shop.state.tip("main")


def test_ten_runs_are_as_one(shop: Shop) -> None:
    shop.roll()
    shop.publish().done()
    before = shop.snapshot
    written = {method: len(shop.sent(method)) for method in ("POST", "PATCH", "PUT", "DELETE")}
    for _ in range(9):
        assert "up to date" in shop.publish().done().out
    assert shop.snapshot == before
    assert {method: len(shop.sent(method)) for method in written} == written
