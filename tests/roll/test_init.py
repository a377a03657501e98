"""`sync init`: an empty folder becomes a port that rolls."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from worlds import Silent, World

from syncer.cli.app import run
from syncer.errors import Exit
from syncer.pipeline import Order, roll
from syncer.port import load_port

UPSTREAM = "https://miniature.invalid/tflite-micro"


def test_an_empty_folder_becomes_a_port_that_builds(shared: World, tmp_path: Path) -> None:
    folder = tmp_path / "my port"
    assert run(["init", str(folder), "--upstream", UPSTREAM]) == Exit.OK
    port = load_port(folder / "port" / "port.toml")
    assert port.name == "my-port"
    mirrors = {
        UPSTREAM: str(shared.upstream / "tflite-micro.git"),
        "https://github.com/ARM-software/CMSIS-NN": str(shared.upstream / "cmsis-nn.git"),
    }
    order = Order(until="build", mirrors=mirrors, cache=tmp_path / "cache")
    outcome = roll(port, order, Silent())
    assert outcome.error is None, outcome.error
    tree = port.state / "tree"
    assert "add_library(my-port STATIC" in (tree / "CMakeLists.txt").read_text()
    library = port.state / "build" / "cortex-m0plus" / "libmy-port.a"
    named = subprocess.run(
        ["arm-none-eabi-nm", "-C", library], capture_output=True, text=True, check=True
    )
    assert "tflite::MicroInterpreter::Invoke()" in named.stdout


def test_nothing_that_is_there_is_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    assert run(["init", str(tmp_path), "--name", "mine"]) == Exit.OK
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert "kept     .gitignore" in capsys.readouterr().out
    before = (tmp_path / "port" / "port.toml").read_bytes()
    assert run(["init", str(tmp_path)]) == Exit.BAD_INPUT
    assert "there is a port already" in capsys.readouterr().err
    assert (tmp_path / "port" / "port.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "exit", "said"),
    [
        (["--name", "a b"], Exit.USAGE, "--name 'a b'"),
        (["--name", "../up"], Exit.USAGE, "--name '../up'"),
        (["--upstream", 'x"y'], Exit.USAGE, "--upstream"),
    ],
)
def test_wrong_names_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    exit: Exit,
    said: str,
) -> None:
    folder = tmp_path / "port"
    assert run(["init", str(folder), *arguments]) == exit
    assert said in capsys.readouterr().err
    assert not folder.exists()
