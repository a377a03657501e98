"""ci/bench: what it lists and what it refuses. The measurements themselves are nobody's test."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCHES = sorted(p for p in (ROOT / "ci/benches").glob("*.py") if not p.name.startswith("_"))


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "ci/bench"), *arguments], capture_output=True, text=True, check=False
    )


def test_it_lists_every_bench_with_what_it_measures() -> None:
    done = bench()
    assert done.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert "roll" in lines
    for name, said in lines.items():
        text = (ROOT / f"ci/benches/{name}.py").read_text()
        assert (ast.get_docstring(ast.parse(text)) or "").splitlines()[0] == said


def test_what_is_no_bench_is_refused() -> None:
    for name in ("nothing", "_world", "../real", "--json"):
        done = bench(name)
        assert done.returncode == 2, name
        assert done.stdout == ""
        assert "roll" in done.stderr


def test_every_key_of_rolls_json_is_explained() -> None:
    text = (ROOT / "ci/benches/roll.py").read_text()
    explained = set(re.findall(r"\w+", ast.get_docstring(ast.parse(text)) or ""))
    keys = set(re.findall(r'"(\w+_(?:s|ratio|files|skipped))"', text))
    assert {"first_s", "tree_ratio", "real_skipped"} <= keys
    assert keys <= explained
