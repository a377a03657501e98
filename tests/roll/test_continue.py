"""Rolls that are broken off, and how they are gone on with."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import Silent, World, make_world, reduce

from syncer import clones
from syncer.cli.app import run
from syncer.errors import Exit, SyncError
from syncer.git import Repository
from syncer.journal import Journal
from syncer.model import Verdict
from syncer.pipeline import STAGES, Interrupted, go_on, roll, run_stage
from syncer.processes import holders, interruptible
from syncer.report import status

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """As if the process ended here."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = make_world(tmp_path_factory.mktemp("template") / "world")
    reduce(world)
    return world


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    return World(Path(shutil.copytree(template.folder, tmp_path / "world")))


class AtBegin(Silent):
    """Does something when one stage begins."""

    def __init__(self, stage: str, act: Callable[[], object]) -> None:
        super().__init__()
        self.stage, self.act = stage, act

    def begin(self, stage: str) -> None:
        if stage == self.stage:
            self.act()


def killed() -> None:
    raise Killed


def sync(world: World, *arguments: str) -> int:
    return run([arguments[0], "--port", str(world.port.file), *arguments[1:]])


def repository(world: World) -> Repository:
    return Repository(world.upstream / "tflite-micro.git")


def move_main(world: World, tag: str) -> None:
    repository(world).run(["update-ref", "refs/heads/main", f"refs/tags/{tag}^{{commit}}"])


def journal(world: World) -> Journal:
    return Journal(world.port.state)


def mirrors_file(world: World) -> Path:
    file = world.folder / "mirrors.toml"
    places = world.order().mirrors.items()
    file.write_text("[mirrors]\n" + "".join(f'"{url}" = "{to}"\n' for url, to in places))
    return file


@contextmanager
def unplugged(world: World) -> Iterator[None]:
    away = world.folder / "unplugged"
    world.upstream.rename(away)
    try:
        yield
    finally:
        away.rename(world.upstream)


# ---- continue


def test_a_broken_off_roll_goes_on_to_where_upstream_was(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Killed):
        world.roll(until="tree", watch=AtBegin("tree", killed))
    begun = journal(world).begun()
    assert begun and begun.commit and not begun.verdict
    assert sync(world, "status") == Exit.OK
    said = capsys.readouterr().out
    assert "was broken off in stage tree" in said
    assert begun.commit[:12] in said
    assert "sync continue" in said
    move_main(world, "slowdown")
    with unplugged(world):
        outcome = go_on(world.port, Silent())
    assert outcome.error is None, outcome.error
    assert outcome.roll.resolved and outcome.roll.resolved.upstream.commit == begun.commit
    assert {r.name for r in outcome.roll.stages if r.cached} == {"resolve", "rebase"}
    assert outcome.roll.verdict is Verdict.PASSED
    assert world.verdicts(outcome.roll)["build"] == "not run"  # as it was ordered
    ended = journal(world).begun()
    assert ended and ended.id == begun.id and ended.verdict == "passed"
    assert sync(world, "continue") == Exit.OK
    assert "Nothing to continue" in capsys.readouterr().out


def test_a_roll_goes_on_to_the_same_commit_though_its_results_are_gone(world: World) -> None:
    with pytest.raises(Killed):
        world.roll(until="rebase", watch=AtBegin("rebase", killed))
    begun = journal(world).begun()
    assert sync(world, "clean", "--all") == Exit.OK
    move_main(world, "slowdown")
    with unplugged(world):
        outcome = go_on(world.port, Silent())
    assert outcome.error is None, outcome.error
    assert not any(record.cached for record in outcome.roll.stages)
    assert begun and outcome.roll.resolved
    assert outcome.roll.resolved.upstream.commit == begun.commit


def test_nothing_to_continue(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert sync(world, "continue") == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert "no roll has begun here" in said
    assert "Start a roll with `sync`" in said


def test_a_new_order_is_not_mixed_with_the_broken_off_one(world: World) -> None:
    with pytest.raises(Killed):
        world.roll("base", until="rebase", watch=AtBegin("rebase", killed))
    old = journal(world).begun()
    outcome = world.roll(until="rebase")
    new = journal(world).begun()
    assert old and new and old.id != new.id
    assert old.commit != new.commit
    assert outcome.roll.resolved and outcome.roll.resolved.upstream.commit == new.commit


def test_what_the_environment_stopped_goes_on_once_that_is_mended(world: World) -> None:
    with unplugged(world):
        outcome = world.roll(until="rebase")
        assert outcome.error and outcome.error.exit is Exit.ENVIRONMENT
        assert go_on(world.port, Silent()).error
    assert go_on(world.port, Silent()).error is None


def test_a_conflict_goes_on_from_the_rebase(world: World) -> None:
    outcome = world.roll("conflict", until="rebase")
    assert outcome.error and outcome.error.exit is Exit.CONFLICT
    series = world.port.root / "ci/miniature/patches/tflite-micro/series"
    series.write_text("")
    for patch in series.parent.glob("*.patch"):
        patch.unlink()
    with unplugged(world):
        outcome = go_on(world.port, Silent())
    assert outcome.error is None, outcome.error
    assert [r.name for r in outcome.roll.stages if r.cached] == ["resolve"]
    begun = journal(world).begun()
    assert begun and begun.order["upstream"] == "conflict"


def test_an_order_of_another_version_is_told(world: World) -> None:
    world.roll("conflict", until="rebase")
    begun = journal(world).begun()
    assert begun
    journal(world).write_begun(replace(begun, order={"upstream": ["odd"]}))
    with pytest.raises(SyncError, match="another version of sync"):
        go_on(world.port, Silent())


# ---- one stage


def test_one_stage_on_what_was_resolved(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert sync(world, "tree") == Exit.BAD_INPUT
    assert "nothing has been resolved" in capsys.readouterr().err
    outcome = world.roll("conflict", until="tree")
    assert outcome.error and outcome.error.exit is Exit.CONFLICT
    assert sync(world, "tree") == Exit.CONFLICT
    outcome = world.roll("base", until="rebase")
    assert outcome.error is None
    before = journal(world).begun()
    move_main(world, "slowdown")
    with unplugged(world):
        assert sync(world, "tree") == Exit.OK
        said = capsys.readouterr().out
        assert "tflite-micro" in said and "sources" in said
        template = world.port.root / "port/templates/README.md.jinja"
        template.write_text(template.read_text() + "One more line.\n")
        assert sync(world, "tree") == Exit.OK
        readme = (world.port.state / "tree" / "README.md").read_text()
        assert readme.endswith("One more line.\n")
    assert journal(world).begun() == before


def test_a_stage_to_somewhere_else_is_a_roll_to_there(world: World) -> None:
    mirrors = mirrors_file(world)
    environment = os.environ | {"XDG_CACHE_HOME": str(world.folder / "xdg")}
    command = [sys.executable, "-m", "syncer", "tree", "--port", str(world.port.file)]
    command += ["--upstream", "base", "--mirrors", str(mirrors)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.OK, done.stderr
    begun = journal(world).begun()
    assert begun and begun.order["upstream"] == "base" and begun.order["until"] == "tree"
    assert sync(world, "tree", "--mirrors", str(mirrors)) == Exit.USAGE


# ---- Ctrl-C


def test_interrupted_in_every_stage_and_gone_on_with(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """One roll, interrupted as each of its stages begins."""

    def run_one(watch: Silent, first: bool) -> None:
        if first:
            roll(world.port, world.order(), watch)
        else:
            go_on(world.port, watch)

    for number, stage in enumerate(STAGES):
        kind = (signal.SIGINT, signal.SIGTERM)[number % 2]
        watch = AtBegin(stage, lambda kind=kind: os.kill(os.getpid(), kind))
        with pytest.raises(Interrupted) as stop, interruptible():
            run_one(watch, number == 0)
        found = stop.value.outcome
        assert found.error and found.error.exit is Exit.INTERRUPTED
        assert found.roll.verdict is Verdict.INTERRUPTED
        assert world.verdicts(found.roll)[stage] == "interrupted"
        document = status.load(world.port.state / "status.json")
        assert document["verdict"] == "interrupted"
        assert f"interrupted in stage {stage}" in document["message"]
        begun = journal(world).begun()
        assert begun and begun.verdict == "interrupted" and begun.stage == stage
        assert sync(world, "status") == Exit.OK
        said = capsys.readouterr().out
        assert f"was interrupted in stage {stage}" in said
        assert "sync continue" in said
        assert not journal(world).is_held()
    outcome = go_on(world.port, Silent())
    assert outcome.error is None, outcome.error
    assert outcome.roll.verdict is Verdict.PASSED
    cached = {record.name for record in outcome.roll.stages if record.cached}
    assert cached == set(STAGES[:6])
    # What it found can be accepted when what it worked in is gone.
    assert sync(world, "clean") == Exit.OK
    assert sync(world, "accept") == Exit.OK


class WhenChildrenRun(threading.Thread):
    """Sends this process a signal once a roll has a child of one of these names."""

    def __init__(self, world: World, number: signal.Signals, *names: str) -> None:
        super().__init__(daemon=True)
        self.mark = world.port.state / "children"
        self.number, self.names = number, names
        self.seen: set[str] = set()

    def run(self) -> None:
        end = time.monotonic() + 300
        while time.monotonic() < end:
            for id in holders(self.mark):
                try:
                    name = Path(f"/proc/{id}/comm").read_text().strip()
                except OSError:
                    continue
                if name.startswith(self.names):
                    self.seen.add(name)
                    os.kill(os.getpid(), self.number)
                    return
            time.sleep(0.01)


def interrupt(world: World, upstream: str | None, until: str, sender: WhenChildrenRun) -> str:
    """Roll until the sender's signal; the stage that it was interrupted in."""
    sender.start()
    with pytest.raises(Interrupted) as stop, interruptible():
        roll(world.port, world.order(upstream, until), Silent())
    sender.join()
    assert sender.seen
    assert holders(sender.mark) == ()  # no child is left
    records = stop.value.outcome.roll.stages
    return next(r.name for r in records if r.verdict is Verdict.INTERRUPTED)


def test_interrupted_while_a_server_does_not_answer(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        order = world.order(until="resolve")
        url = f"https://127.0.0.1:{server.getsockname()[1]}/tflite-micro"
        mirrors = dict(order.mirrors) | {"https://miniature.invalid/tflite-micro": url}
        sender = WhenChildrenRun(world, signal.SIGTERM, "git-remote-http")
        sender.start()
        with pytest.raises(Interrupted), interruptible():
            roll(world.port, replace(order, mirrors=mirrors), Silent())
        sender.join()
        assert sender.seen and holders(sender.mark) == ()


def test_interrupted_while_upstreams_makefile_runs(world: World) -> None:
    repo = repository(world)
    commit = repo.rev_parse("refs/heads/main")
    path = "tensorflow/lite/micro/tools/make/Makefile"
    (entry,) = [item for item in repo.ls_tree(commit) if item.path == path]
    text = b"$(shell sleep 600)\n" + repo.blob(entry.id)
    tree = repo.write_tree(commit, {path: (entry.mode, repo.write_blob(text))})
    repo.run(["update-ref", "refs/heads/slow", repo.commit_tree(tree, [commit], "Sleep")])
    sender = WhenChildrenRun(world, signal.SIGINT, "sleep")
    assert interrupt(world, "slow", "tree", sender) == "tree"


def test_interrupted_while_compilers_run(world: World) -> None:
    names = ("ninja", "ccache", "arm-none-eabi-g", "cc1")
    sender = WhenChildrenRun(world, signal.SIGTERM, *names)
    assert interrupt(world, None, "build", sender) == "build"


# ---- who else is at work


def test_the_second_roll_is_told_of_the_first(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[SyncError] = []

    def second() -> None:
        for begin in (lambda: world.roll(until="resolve"), lambda: go_on(world.port, Silent())):
            with pytest.raises(SyncError) as caught:
                begin()
            told.append(caught.value)
        with pytest.raises(SyncError) as caught:
            run_stage(world.port, "tree", Silent())
        told.append(caught.value)
        assert sync(world, "status") == Exit.OK
        assert "Running: `sync roll`, to base, in stage rebase for" in capsys.readouterr().out

    world.roll("base", until="rebase", watch=AtBegin("rebase", second))
    assert len(told) == 3
    for error in told:
        assert error.exit is Exit.HELD
        for part in (f"process {os.getpid()}", socket.gethostname(), "base", "rebase", "since 20"):
            assert part in error.message


def test_what_a_dead_holder_left_is_not_believed(world: World) -> None:
    with pytest.raises(Killed):
        world.roll("base", until="rebase", watch=AtBegin("rebase", killed))
    child = subprocess.Popen(["true"])
    child.wait()
    holder = journal(world).holder()
    assert holder and holder.upstream == "base"
    file = world.port.state / "holder.json"
    file.write_text(file.read_text().replace(f'"id": {os.getpid()}', f'"id": {child.pid}'))
    with (
        journal(world).held(),
        pytest.raises(SyncError) as caught,
    ):
        file.write_text(file.read_text().replace(f'"id": {os.getpid()}', f'"id": {child.pid}'))
        world.roll()
    assert caught.value.exit is Exit.HELD
    assert "held by another process" in caught.value.message


def test_clones_are_changed_by_one_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    places = list((world.folder / "cache" / "clones").glob("*.git"))
    assert world.roll(until="resolve").error is None
    places = list((world.folder / "cache" / "clones").glob("*.git"))
    assert places
    monkeypatch.setattr(clones, "_PATIENCE_SECONDS", 0.1)
    with clones.to_change(places):
        outcome = world.roll(until="resolve")
    assert outcome.error and outcome.error.exit is Exit.HELD
    assert f"process {os.getpid()}" in outcome.error.message
    assert str(min(places)) in outcome.error.message
    assert world.roll(until="resolve").error is None


def test_two_ports_fetch_into_the_same_clones(world: World) -> None:
    """Two processes at once, on an empty cache."""
    shutil.copytree(world.folder / "port", world.folder / "second")
    mirrors = mirrors_file(world)
    environment = os.environ | {"XDG_CACHE_HOME": str(world.folder / "xdg")}
    command = [sys.executable, "-m", "syncer", "roll", "--until", "rebase"]
    command += ["--mirrors", str(mirrors), "--port"]
    rolls = [
        subprocess.Popen(
            [*command, str(world.folder / name / "ci/miniature/port.toml")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("port", "second")
    ]
    for process in rolls:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == Exit.OK, said


def test_what_a_killed_fetch_left_is_mended(world: World) -> None:
    assert world.roll("base", until="resolve").error is None
    (clone,) = (world.folder / "cache" / "clones").glob("*tflite-micro*.git")
    lock = clone.with_name(clone.name + ".lock")
    lock.write_text(
        lock.read_text().replace("null", '{"id": 1, "host": "", "boot": "", "since": ""}')
    )
    (clone / "refs/heads/main.lock").write_text("")
    (clone / "config.lock").write_text("")
    (clone / "packed-refs.lock").write_text("")
    (clone / "objects/pack/tmp_pack_abc").write_text("half")
    (clone / "objects/pack/pack-abc.pack").write_text("without an index")
    empty = clone / "objects/ab"
    empty.mkdir(exist_ok=True)
    (empty / ("c" * 38)).write_text("")
    (clone / "HEAD").write_text("")
    outcome = world.roll(until="resolve")
    assert outcome.error is None, outcome.error
    left = [p for p in clone.rglob("*") if p.suffix == ".lock" or p.name.startswith("tmp_")]
    assert left == []
    assert not (clone / "objects/pack/pack-abc.pack").exists()
    assert not (empty / ("c" * 38)).exists()


def test_a_clone_that_was_half_made_is_made(world: World) -> None:
    assert world.roll("base", until="resolve").error is None
    (clone,) = (world.folder / "cache" / "clones").glob("*tflite-micro*.git")
    half = clone.with_name(f".{clone.name}.sync-new")
    clone.rename(half)
    (half / "HEAD").unlink()
    assert world.roll("base", until="resolve").error is None
    assert clone.is_dir() and not half.exists()


# ---- clean


def test_clean_frees_what_a_roll_makes_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.roll("base", until="tree").error is None
    state = world.port.state
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert sync(world, "clean", "--all", "--cache", "--dry-run") == Exit.OK
    said = capsys.readouterr().out
    for part in (str(state / "checkout"), str(state / "tree"), "tflite-micro", "Would free"):
        assert part in said
    assert before == {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}

    assert sync(world, "clean") == Exit.OK
    assert not (state / "checkout").exists() and (state / "tree").is_dir()
    assert "Freed" in capsys.readouterr().out
    begun = journal(world).begun()
    (state / "mine").mkdir()
    assert sync(world, "clean", "--all", "--cache") == Exit.OK
    assert not (state / "tree").exists()
    assert not list((world.folder / "cache" / "clones").glob("*.git"))
    assert (state / "mine").is_dir()
    assert journal(world).begun() == begun and journal(world).last_roll()
    capsys.readouterr()
    assert sync(world, "clean", "--all", "--cache") == Exit.OK
    assert "There is nothing to free" in capsys.readouterr().out
    assert world.roll("base", until="tree").error is None


def test_clean_keeps_what_someone_may_have_changed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.roll("base", until="tree").error is None
    edited = world.port.state / "tree" / "README.md"
    edited.write_text("mine")
    assert sync(world, "clean", "--all") == Exit.OK
    assert "kept: it is not as it was made" in capsys.readouterr().out
    assert edited.read_text() == "mine"
    assert not (world.port.state / "checkout").exists()


def test_clean_waits_for_no_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[int] = []
    port = world.port

    def clean() -> None:
        ended.append(sync(world, "clean"))
        other = replace(port, toml=replace(port.toml, port=replace(port.toml.port, name="other")))
        with pytest.raises(SyncError, match="the cache") as caught:
            from syncer.pipeline.cleaning import clean

            Journal(other.state).write_begun(journal(world).begun())  # type: ignore[arg-type]
            clean(other, results=False, cache=True, dry_run=False)
        ended.append(caught.value.exit)

    assert world.roll("base", until="rebase", watch=AtBegin("rebase", clean)).error is None
    assert ended == [Exit.HELD, Exit.HELD]
    assert f"process {os.getpid()}" in capsys.readouterr().err
