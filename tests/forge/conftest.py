from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "roll"))  # whole rolls: worlds, desk

from hub import Hub, serving
from shop import Shop, open_shop


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture
def shop(hub: Hub, tmp_path: Path) -> Shop:
    return open_shop(hub, tmp_path)
