from __future__ import annotations

from pathlib import Path

import pytest
from worlds import World, make_world


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all tests that only read it or roll in it: what one has built, the next
    need not build again."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    return make_world(tmp_path)
