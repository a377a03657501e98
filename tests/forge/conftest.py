from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "roll"))  # whole rolls: worlds, desk

from hub import Hub, serving
from shop import Shop, copy_shop, open_shop


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture(scope="session")
def first_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """What all others are copies of."""
    folder = tmp_path_factory.mktemp("shop")
    with serving(folder / "hub") as hub:
        return open_shop(hub, folder)


@pytest.fixture
def shop(hub: Hub, first_shop: Shop, tmp_path: Path) -> Shop:
    return copy_shop(hub, first_shop, tmp_path)
