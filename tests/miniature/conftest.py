"""The miniature's repositories, made once for all tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "ci" / "miniature"))

import history


@pytest.fixture(scope="session")
def histories(tmp_path_factory: pytest.TempPathFactory) -> history.Histories:
    return history.build(tmp_path_factory.mktemp("miniature"))
