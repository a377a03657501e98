"""What a failed build's log tells: the first error, and the files it may come from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from syncer.build.failure import located
from syncer.errors import Exit, SyncError

FAILED = SyncError("ninja failed with exit 1", hint="The log: build.log", exit=Exit.BUILD)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    files = {
        "up/clock.h": '#include "up/types.h"\nTicks Now();\n',
        "up/types.h": "#pragma once\nusing Ticks = unsigned long long;\n",
        "up/other.h": "int Other();\n",
        "lib/inc/deep.h": '#include "flat.h"\n',
        "lib/inc/flat.h": "",
        "port/clock.cc": '#include "up/clock.h"\n#include "deep.h"\nunsigned Now() { return 0; }\n',
        "port/use.cc": '#include "up/other.h"\nint main() { return Other(); }\n',
    }
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree


def log(tree: Path, *arguments: str) -> Path:
    """The log of a build in which the compiler says what it says of these arguments."""
    command = ["g++", f"-I{tree}", f"-I{tree}/lib/inc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tree.parent)
    assert done.returncode
    file = tree.parent / "build.log"
    file.write_text(
        "$ cmake\nx.cc:1:1: error: of an earlier command\n$ ninja\n[1/9] Building CXX object a.o\n"
        f"FAILED: b.o \n{' '.join(command)}\n{done.stderr}[2/9] Building CXX object {tree}/z.h:\n"
    )
    return file


def test_a_compilers_error_and_the_headers_it_names(tree: Path) -> None:
    file = log(tree, "-c", f"{tree}/port/clock.cc")
    error = located(FAILED, file, tree, [".", "lib/inc"])
    assert "failed with exit 1: port/clock.cc:3:10: error: ambiguating new" in error.message
    assert str(tree) not in error.message
    named, included = error.about
    assert named == ("port/clock.cc", "up/clock.h")
    assert included == ("lib/inc/deep.h", "lib/inc/flat.h", "up/types.h")
    assert (error.exit, error.hint) == (FAILED.exit, FAILED.hint)


def test_a_header_that_is_not_there(tree: Path) -> None:
    (tree / "up/other.h").unlink()
    error = located(FAILED, log(tree, "-c", f"{tree}/port/use.cc"), tree, ["."])
    assert "port/use.cc:1:10: fatal error: up/other.h: No such file" in error.message
    assert error.about[0] == ("up/other.h", "port/use.cc")


def test_a_linkers_error(tree: Path) -> None:
    error = located(FAILED, log(tree, f"{tree}/port/use.cc"), tree, ["."])
    assert "undefined reference to `Other()'" in error.message
    assert error.about == (("port/use.cc",), ("up/other.h",))


def test_cmakes_error(tree: Path) -> None:
    (tree / "CMakeLists.txt").write_text("project(x)\nadd_library(x gone.cc)\n")
    file = tree.parent / "build.log"
    done = subprocess.run(
        ["cmake", "-S", tree, "-B", tree.parent / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    file.write_text(f"$ cmake\n{done.stdout}{done.stderr}")
    error = located(FAILED, file, tree, ["."])
    assert "CMake Error at CMakeLists.txt:2 (add_library)" in error.message
    assert error.about[0] == ("CMakeLists.txt",)


def test_a_log_that_names_no_error(tree: Path) -> None:
    file = tree.parent / "build.log"
    file.write_text("$ ninja\nKilled\n")
    assert located(FAILED, file, tree, ["."]) is FAILED
    assert located(FAILED, tree.parent / "none.log", tree, ["."]) is FAILED
