"""The history of rolls, on a branch that has nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub import git
from shop import DATE, PORT, Shop, commit_id

from syncer.errors import Exit
from syncer.model import BenchesResult, Figure, Verdict
from syncer.report import history, status
from syncer.report.history import Entry

BRANCH = "sync-history"


def entry(name: str, day: int = 5) -> Entry:
    commit = commit_id(name)
    date = f"2026-01-{day:02}T10:00:00Z"
    return Entry("toy", date, commit, "passed", commits={"up": commit}, figures={"m/cycles": day})


def measured(shop: Shop, to: str = "first", **more: Any) -> None:
    """A roll with a figure, of which the state has the entry."""
    shop.roll(to, benches=BenchesResult((), (Figure("m/cycles", "cycles", 7),)), **more)
    document = status.load(shop.port.state / "status.json")
    found = history.entry_of(document)
    assert found
    history.store(shop.port.state / history.FOLDER, found)


def files(shop: Shop) -> set[str]:
    return set(git(shop.state.bare, "ls-tree", "-r", "--name-only", BRANCH).splitlines())


def test_the_history_goes_with_the_rest(shop: Shop) -> None:
    measured(shop, "first")
    history.store(shop.port.state / history.FOLDER, entry("earlier"))
    assert f"{BRANCH} of owner/port is at " in shop.publish().done().out
    (first,) = git(shop.state.bare, "rev-list", BRANCH).splitlines()
    assert len(files(shop)) == 2 and len(shop.state.pulls) == 1
    before = shop.snapshot
    for _ in range(2):
        assert BRANCH not in shop.publish().done().out
    measured(shop, "first", verdict=Verdict.UP_TO_DATE)  # the same roll once more
    shop.publish().done()
    assert shop.snapshot == before
    measured(shop, "second")
    shop.publish().done()
    assert git(shop.state.bare, "rev-parse", f"{BRANCH}~1") == first
    assert len(files(shop)) == 3
    message = git(shop.state.bare, "log", "-1", "--format=%B", BRANCH)
    assert message.startswith(f"Rolls of toy, to {commit_id('second')[:12]}\n")
    # Whoever fetches it has it in `sync history`.
    git(shop.checkout, "fetch", "--quiet", str(shop.state.bare), f"{BRANCH}:{BRANCH}")
    for file in (shop.port.state / history.FOLDER).iterdir():
        file.unlink()
    assert len(json.loads(shop.sync("history", "--json").done().out)) == 3


def test_a_branch_kept_here_is_the_one_that_is_pushed(shop: Shop) -> None:
    measured(shop)
    shop.sync("history", "--keep").done()
    kept = git(shop.checkout, "rev-parse", BRANCH)
    said = shop.publish("--dry-run").done().out
    assert f"would push {kept[:12]} to {BRANCH} of owner/port, which is new" in said
    shop.publish().done()
    assert shop.state.tip(BRANCH) == kept
    # Another's entry stays beneath; what was kept here meanwhile goes on top of it.
    name = entry("theirs", 2).name
    theirs = shop.person(BRANCH, name, history.entry_text(entry("theirs", 2)))
    measured(shop, "second")
    shop.sync("history", "--keep").done()
    shop.publish().done()
    assert git(shop.state.bare, "rev-parse", f"{BRANCH}~1") == theirs
    assert len(files(shop)) == 3 and name in files(shop)


def test_nobody_who_is_quicker_is_overwritten(shop: Shop) -> None:
    measured(shop)
    shop.publish().done()
    name, text = entry("theirs", 2).name, history.entry_text(entry("theirs", 2))
    theirs: list[str] = []
    measured(shop, "second")
    # The queue's push comes first, then the history's.
    shop.hub.fail("POST /owner/port.git/git-receive-pack", act=lambda: None)
    shop.hub.fail(
        "POST /owner/port.git/git-receive-pack",
        act=lambda: theirs.append(shop.person(BRANCH, name, text)),
    )
    said = shop.publish().done().out
    assert f"The history was left as it is: cannot push to {BRANCH} of owner/port: " in said
    assert shop.state.tip(BRANCH) == theirs[0]
    shop.publish().done()
    assert git(shop.state.bare, "rev-parse", f"{BRANCH}~1") == theirs[0]


def test_a_branch_of_another_kind_is_left_alone(shop: Shop) -> None:
    git(shop.state.bare, "branch", BRANCH, "main")
    before = shop.state.tip(BRANCH)
    measured(shop)
    said = shop.publish().done().out
    assert "is no history: it has .github/workflows/sync.yml" in said
    assert shop.state.tip(BRANCH) == before and len(shop.state.pulls) == 1


def test_it_is_off_where_port_toml_says_so(shop: Shop) -> None:
    shop.roll()
    shop.publish().done()
    assert not shop.state.tip(BRANCH)  # that roll measured nothing
    shop.write({"port/port.toml": PORT + 'history = ""\n'})
    measured(shop)
    shop.publish().done()
    assert not shop.state.tip(BRANCH)
    shop.write({"port/port.toml": PORT + 'history = "figures/toy"\n'})
    measured(shop)
    shop.publish().done()
    assert not shop.state.tip(BRANCH) and shop.state.tip("figures/toy")
    shop.write({"port/port.toml": PORT + 'history = "sync/up"\n'})
    said = shop.publish()
    assert said.status == Exit.BAD_INPUT and "publish.history" in said.err


def test_of_what_another_job_left_only_its_own_roll_is_taken(shop: Shop, tmp_path: Path) -> None:
    measured(shop)
    out = tmp_path / "out"
    (out / "history").mkdir(parents=True)
    for name in ("status.json", "bundles"):
        (shop.port.state / name).rename(out / name)
    for file in (shop.port.state / history.FOLDER).iterdir():
        file.unlink()
    (out / "history" / "forged.json").write_text(history.entry_text(entry("forged")))
    sound = (out / "status.json").read_text()
    for date in ("../../x", "2026-13-01T00:00:00Z"):
        (out / "status.json").write_text(sound.replace(DATE[:19] + "Z", date))
        said = shop.publish("--from", str(out)).done().out
        assert "is no roll's entry" in said and not shop.state.tip(BRANCH)
    (out / "status.json").write_text(sound)
    shop.publish("--from", str(out)).done()
    (only,) = files(shop)
    assert commit_id("first")[:12] in only
