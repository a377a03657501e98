"""What the generated tree's README tells its users, done word by word."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from worlds import World

from syncer.build.tools import find_sdk
from syncer.emulator import Machine

pytestmark = pytest.mark.slow

MODEL = "tensorflow/lite/micro/examples/hello_world/models/hello_world_int8.tflite"
WAYS = ("FetchContent", "submodule")


def run(folder: Path, *command: str, **environment: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "u@v" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **identity, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}"
    return done.stdout


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def published(shared: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated tree as a repository of its own."""
    tree = shared.roll(until="tree").roll.tree
    assert tree is not None
    folder = tmp_path_factory.mktemp("published") / "tree"
    shutil.copytree(tree.path, folder)
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all", "--force")
    run(folder, "git", "commit", "--quiet", "-m", "The tree")
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_a_project_of_a_users(way: str, published: Path, shared: World, tmp_path: Path) -> None:
    readme, name = (published / "README.md").read_text(), shared.port.name
    url, commit = f"file://{published}", run(published, "git", "rev-parse", "HEAD").strip()
    cmake, added = blocks(readme, "cmake")
    (main,) = blocks(readme, "cpp")
    model_h, build = [text for text in blocks(readme, "sh") if "model.h" in text or "-S ." in text][
        :2
    ]

    project = tmp_path / "project"
    project.mkdir()
    if way == "submodule":
        command = re.search(r"`(git submodule add [^`]+)`", readme)
        assert command
        run(project, "git", "init", "--quiet")
        words = command[1].replace("<URL of this repository>", url).split()
        run(project, "git", "-c", "protocol.file.allow=always", *words[1:])
        fetched = re.compile(
            r"include\(FetchContent\)\n.*?^FetchContent_MakeAvailable.*?\n", re.S | re.M
        )
        cmake, count = fetched.subn(added, cmake)
        assert count == 1
    else:
        cmake = cmake.replace("<URL of this repository>", url).replace("<commit>", commit)
    (project / "CMakeLists.txt").write_text(cmake)
    (project / "main.cc").write_text(main)
    sdk = find_sdk(shared.port.toml.build.sdk)
    assert sdk is not None
    shutil.copy(sdk / "external" / "pico_sdk_import.cmake", project)
    model = ["git", f"--git-dir={shared.upstream / 'tflite-micro.git'}", "show", f"base:{MODEL}"]
    (project / "model.tflite").write_bytes(
        subprocess.run(model, check=True, capture_output=True).stdout
    )
    run(project, "sh", "-c", model_h)

    launcher = shutil.which("ccache") or ""
    launchers = {f"CMAKE_{language}_COMPILER_LAUNCHER": launcher for language in ("C", "CXX")}
    first, *_ = boards = shared.port.toml.build.boards
    for board in boards:
        # picotool would come from the network.
        steps = build.replace(f"-DPICO_BOARD={first}", f"-DPICO_BOARD={board} -DPICO_NO_PICOTOOL=1")
        assert board in steps
        steps = steps.replace("build", f"build-{board}").replace(f"--build-{board}", "--build")
        run(project, "sh", "-ec", steps, PICO_SDK_PATH=str(sdk), **launchers)
        assert (project / f"build-{board}" / "my_program.elf").is_file()
        assert (project / f"build-{board}" / "my_program.bin").is_file()

    with Machine(exact=False) as machine:
        machine.load(project / f"build-{first}" / "my_program.elf")
        result = machine.run(until="6.00 ->", max_cycles=10**9)
    assert result.reason == "line", result.uart
    pairs = re.findall(r"^(\d\.\d\d) -> (-?\d\.\d\d)\r?$", result.uart, re.MULTILINE)
    assert len(pairs) == 13
    for x, y in pairs:
        assert abs(float(y) - math.sin(float(x))) < 0.03, (x, y)
    assert name in cmake
    assert re.search(r"^\d+ bytes of the arena are in use", result.uart, re.MULTILINE)


def test_the_readme_names_what_is_there(published: Path) -> None:
    readme = (published / "README.md").read_text()
    links = set(re.findall(r"\]\(([^)#:]+)\)", readme))
    assert "LICENSE" in links and "port/examples" in links
    assert any(link.startswith("third_party/") for link in links)
    for link in links:
        assert (published / link).exists(), link
    for folder in re.findall(r"^\| \[.*?\| `([^`]+)/` \|", readme, re.MULTILINE):
        assert (published / folder).is_dir(), folder
