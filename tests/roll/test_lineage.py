"""The queue beside the accepted one: the same, changed, no more, new."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from worlds import World, make_world

from syncer.model import Descent, Rebased
from syncer.queue.mail import create_patch
from syncer.report import render, status

FOLDER = "ci/miniature/patches"
PROFILER = f"{FOLDER}/tflite-micro/0001-profiler-event-count.patch"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("lineage"))


def lineage(world: World, upstream: str) -> tuple[dict[str, Descent], str]:
    outcome = world.roll(upstream, until="rebase")
    assert outcome.error is None and outcome.roll.rebased, outcome.error
    body = render.markdown(status.status_document(outcome.roll))
    return {item.component: item for item in outcome.roll.rebased.lineage}, body


def test_the_same_queue(world: World) -> None:
    found, body = lineage(world, "base")
    assert {item.mark for item in found.values()} == {"="}
    assert len(found) == 2
    assert "The queue since it was accepted" not in body


def test_a_refreshed_patch_is_the_same_change(world: World) -> None:
    """Upstream moved the lines around it: the patch's text is another, its change is not."""
    found, body = lineage(world, "pin-bumped")
    assert found["tflite-micro"] == Descent(
        "tflite-micro", "=", "Let a port say how many events a profiler holds"
    )
    assert "The queue since it was accepted" not in body


def test_an_absorbed_patch_is_no_more(world: World) -> None:
    found, body = lineage(world, "absorbed")
    assert found["tflite-micro"].mark == "<"
    assert "1 as they were, 1 no more" in body


def test_a_new_patch_and_a_changed_one(world: World) -> None:
    with world.kept():
        root = world.folder / "port"

        def git(*arguments: str) -> None:
            who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
            command = ["git", *who, *arguments]
            subprocess.run(command, cwd=root, check=True, capture_output=True)

        git("init", "-q")
        git("add", FOLDER)
        git("commit", "-qm", "as accepted")  # where the accepted text is found later
        first = world.at(PROFILER)
        text = first.read_text()
        again = world.roll("base", until="rebase").roll.rebased
        assert again is not None
        world.at(f"{FOLDER}/tflite-micro/0002-say-so.patch").write_text(_second(world, again))
        series = world.at(f"{FOLDER}/tflite-micro/series")
        series.write_text(series.read_text() + "0002-say-so.patch\n")
        first.write_text(text.replace("which a Pico has no room for", "more than a Pico has"))
        outcome = world.roll("base", until="rebase")
        assert outcome.error is None and outcome.roll.rebased, outcome.error
        mine = [d for d in outcome.roll.rebased.lineage if d.component == "tflite-micro"]
        assert [(item.mark, item.subject) for item in mine] == [
            ("!", "Let a port say how many events a profiler holds"),
            (">", "Say so in the README"),
        ]
        assert "+    4096 events take 80 KB of main's stack, more than a Pico has." in mine[0].text
        shutil.rmtree(root / ".git")


def _second(world: World, rebased: Rebased) -> str:
    """A second patch, on the first."""
    repository = world.clone("tflite-micro")
    tree = rebased.trees["tflite-micro"]
    blob = repository.write_blob(b"Said.\n")
    new = repository.write_tree(tree, {"SAID.md": ("100644", blob)})
    who = {"author": "A <a@example.com>", "date": "2026-01-01T00:00:00+0000"}
    return create_patch(repository, tree, new, subject="Say so in the README", **who)


def test_what_cannot_be_told_is_not(world: World) -> None:
    """Another text, and no history that has the accepted one."""
    with world.kept():
        patch = world.at(f"{FOLDER}/cmsis_nn/0001-widen-four-at-a-time.patch")
        patch.write_text(patch.read_text().replace("Widen four values at a time", "Widen by four"))
        assert "cmsis_nn" not in lineage(world, "base")[0]
