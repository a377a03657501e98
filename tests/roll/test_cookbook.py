"""docs/cookbook.md says what really happens."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from worlds import ROOT


@pytest.fixture(scope="module")
def cookbook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cookbook", ROOT / "ci/cookbook.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["cookbook"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cookbook")


def test_the_sessions_are_as_they_run(cookbook: ModuleType, folder: Path) -> None:
    """Some of them: `ci/cookbook --check` runs all."""
    mirrors = cookbook.prepare(folder)
    page = cookbook.PAGE.read_text(encoding="utf-8")
    for session in cookbook.SESSIONS[1:4:2]:
        written = cookbook.key_lines(cookbook.section(page, session.name))
        assert written, session.name
        assert cookbook.key_lines(cookbook.run(session, folder, mirrors)) == written


def test_every_session_is_on_the_page(cookbook: ModuleType) -> None:
    page = cookbook.PAGE.read_text(encoding="utf-8")
    for session in cookbook.SESSIONS:
        said = cookbook.section(page, session.name)
        for command in session.commands:
            assert f"\n$ {command}\n" in said
