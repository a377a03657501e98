"""The house rule of docs: imports run down one list, and the stages do not know one another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "syncer"

# Top to bottom; modules on one line do not import one another unless NEIGHBOURS says so.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("search", "why"),
    ("pipeline",),
    ("stages",),
    ("journal",),
    (
        *("components", "queue", "overrides", "tree", "build"),
        *("targets", "emulator", "bench", "report", "forge"),
    ),
    ("pins",),
    ("port",),
    ("lock", "sizes"),
    ("clones",),
    ("git",),
    ("foreign", "includes", "functions"),
    ("model",),
    ("processes",),
    ("locking", "durable"),
    ("mistakes",),
    ("files",),
    ("errors",),
)
NEIGHBOURS = {("targets", "emulator")}


def level(module: str) -> int:
    return next(n for n, names in enumerate(LAYERS) if module in names)


def modules() -> list[tuple[str, Path]]:
    return [(path.relative_to(PACKAGE).as_posix(), path) for path in sorted(PACKAGE.rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Top-level names inside syncer that a file imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            parts = node.module.split(".")
            if parts == ["syncer"]:
                names |= {alias.name for alias in node.names}
            elif parts[0] == "syncer":
                names.add(parts[1])
        elif isinstance(node, ast.Import):
            names |= {
                alias.name.split(".")[1] for alias in node.names if alias.name.startswith("syncer.")
            }
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{path} uses a relative import")
    return names


@pytest.mark.parametrize(("name", "path"), modules())
def test_imports_run_down_the_list(name: str, path: Path) -> None:
    own = name.split("/")[0].removesuffix(".py")
    if own == "__init__":
        assert not imported(path)
        return
    for other in imported(path) - {own}:
        allowed = level(other) > level(own) or (own, other) in NEIGHBOURS
        assert allowed, f"{name} may not import syncer.{other}"


def test_every_module_has_its_place() -> None:
    tops = {name.split("/")[0].removesuffix(".py") for name, _ in modules()} - {"__init__"}
    for top in tops:
        level(top)


def test_only_the_command_line_prints_or_exits() -> None:
    for name, path in modules():
        # Scripts of their own: the C core's build, and what runs in the oracle's process.
        scripts = ("__main__.py", "emulator/build_core.py", "bench/oracle_worker.py")
        if name.startswith("cli/") or name in scripts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "exit", "quit"), f"{name}:{node.lineno}"


def test_only_git_py_runs_git_and_only_the_emulator_knows_the_chip() -> None:
    for name, path in modules():
        text = path.read_text()
        if not name.startswith("git/"):
            assert "git.cmd" not in text and '["git"' not in text, name
        if not name.startswith(("emulator/", "cli/")):
            lowered = text.lower()
            assert "rp2040" not in lowered and "pico" not in lowered, name


def test_programs_are_run_in_few_places() -> None:
    """What upstream's files decide goes through syncer.foreign. The others run git, ask tools for
    their versions or C++ names, read what a build has left, flash a board, mend the machine on
    request, or run a script of ours."""
    known = {
        "git/command.py",
        "build/tools.py",
        "build/symbols.py",
        "build/linked.py",
        "targets/board.py",
        "cli/doctor.py",
        "cli/machine.py",
        "cli/demo.py",
        "emulator/symbols.py",
    }
    for name, path in modules():
        runs = "subprocess" in path.read_text() or "os.system" in path.read_text()
        assert not runs or name.startswith("foreign/") or name in known, name
