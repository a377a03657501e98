from __future__ import annotations

from functools import partial

import emulator_programs
import pytest


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> emulator_programs.Build:
    """Gives a program by its name; each is built once."""
    return partial(emulator_programs.build, tmp_path_factory.mktemp("firmware"))
