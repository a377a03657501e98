from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk
from worlds import World, make_world, reduce

from syncer.cli.app import run
from syncer.errors import Exit


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all tests that only read it or roll in it: what one has built, the next
    need not build again. Its accepted figures are of this machine's own compiler, so that they
    gate whichever it is."""
    world = make_world(tmp_path_factory.mktemp("world"))
    outcome = world.roll("base")
    assert outcome.error is None, outcome.error
    assert run(["accept", "--port", str(world.port.file)]) == Exit.OK
    return world


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world of a few programs, with what it found at pin-bumped accepted: for searches."""
    world = make_world(tmp_path_factory.mktemp("small"))
    reduce(world, "gesture")
    outcome = world.roll("pin-bumped")
    assert outcome.error is None, outcome.error
    assert run(["accept", "--port", str(world.port.file)]) == Exit.OK
    return world


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture(scope="session")
def desk_once(shared: World) -> Desk:
    return Desk(shared)


@pytest.fixture
def desk(desk_once: Desk) -> Iterator[Desk]:
    """The shared world after a roll to `base` that passed; the port's files are put back."""
    if not desk_once.good or desk_once.outputs() != desk_once.good:
        passed = desk_once.world.roll("base")
        assert passed.error is None, passed.error
        desk_once.good = desk_once.outputs()
    yield desk_once
    desk_once.tidy()
