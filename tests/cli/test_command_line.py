"""The program's edges: which `sync` is meant, exit statuses, errors for a person."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from syncer import foreign
from syncer.cli import COMMANDS, main, meant_for_system
from syncer.cli.app import group, run
from syncer.errors import Exit, SyncError


def sync(*arguments: str, cwd: Path, name: str = "sync") -> subprocess.CompletedProcess[str]:
    """Our console script as it would be run, found under the name `sync`."""
    script = f"import sys; sys.argv[0] = {name!r}; from syncer.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NO_COLOR": "1"},
    )


@pytest.mark.parametrize(
    ("arguments", "systems"),
    [
        (["-d", "x"], True),
        (["-f"], True),
        (["--data", "x"], True),
        (["file"], True),
        (["roll"], False),
        (["status"], False),
        (["--upstream", "main"], False),
        (["--help"], False),
        (["nothing-there"], False),
    ],
)
def test_what_is_meant_for_coreutils(
    arguments: list[str], systems: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    assert meant_for_system(arguments) is systems


def test_bare_sync_outside_a_port_is_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: calls.append("sync"))
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/sync"])
    monkeypatch.chdir(tmp_path)
    main()
    assert calls == ["sync"]


def test_file_arguments_reach_the_systems_sync(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = sync("-d", "file", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = sync("-d", "missing", cwd=tmp_path)
    assert done.returncode == 1
    assert "missing" in done.stderr  # coreutils' own words


def test_tflm_sync_is_always_ours(tmp_path: Path) -> None:
    done = sync(cwd=tmp_path, name="tflm-sync")
    assert done.returncode == Exit.BAD_INPUT
    assert "is not in a port" in done.stderr
    assert "sync demo" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["roll", "--help"]])
def test_help_and_version(arguments: list[str], tmp_path: Path) -> None:
    done = sync(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "sync" in done.stdout


def test_help_names_every_command(tmp_path: Path) -> None:
    lines = sync("--help", cwd=tmp_path).stdout.splitlines()
    for name, (_, about) in COMMANDS.items():
        assert f"  {name:9}  {about}" in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_list_is_there(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None and command.help


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("app", ("pydantic", "rich", "jinja2")),
        ("status", ("jinja2", "elftools", "PIL", "github", "tomlkit", "serial", "gitdb")),
        ("roll", ("jinja2", "elftools", "PIL", "github", "tomlkit", "serial", "gitdb")),
    ],
)
def test_what_takes_long_to_import_is_imported_where_it_is_used(
    module: str, heavy: tuple[str, ...]
) -> None:
    script = f"import sys, syncer.cli.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {name.split(".")[0] for name in done.stdout.split()} & set(heavy)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command"),
        (["roll", "--until", "nowhere"], "nowhere"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = sync(*arguments, cwd=tmp_path)
    assert done.returncode == Exit.USAGE
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_port_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "port").mkdir()
    (tmp_path / "port" / "port.toml").write_text("[port]\nname = 3\n")
    done = sync(cwd=tmp_path)
    assert done.returncode == Exit.BAD_INPUT
    assert "port.toml" in done.stderr
    assert "port.name" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_has_its_own_status(monkeypatch: pytest.MonkeyPatch) -> None:
    from syncer.cli import app

    def fail(**_: object) -> None:
        raise SyncError("message [with brackets]", hint="hint", exit=Exit.GATE, detail="detail")

    monkeypatch.setattr(app.group, "main", fail)
    assert run(["status"]) == Exit.GATE


def test_a_bug_is_3_and_leaves_a_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from syncer.cli import app

    def fail(**_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(app.group, "main", fail)
    monkeypatch.setattr(app, "log_folder", lambda: tmp_path)
    assert run(["status"]) == Exit.BUG
    (log,) = tmp_path.iterdir()
    assert str(log) in capsys.readouterr().err
    assert "ZeroDivisionError: oops" in log.read_text()


def test_interrupted_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    from syncer.cli import app

    def fail(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app.group, "main", fail)
    assert run(["status"]) == Exit.INTERRUPTED


def test_doctor_says_what_holds_upstreams_code_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = str(Path(__file__).resolve().parents[2] / "port" / "port.toml")
    run(["doctor", "--port", port])
    best = foreign.choose()
    said = capsys.readouterr().out
    assert best.protection.name in said
    assert ("is confined" in said) == best.protection.whole

    weak = foreign.choose("off")
    refused = ("bubblewrap is not installed", "namespaces: [1] not permitted")
    monkeypatch.setattr(foreign, "all_sandboxes", lambda: ((weak,), refused))
    run(["doctor", "--port", port])
    said = capsys.readouterr().out
    assert "upstream's code cannot be confined: environment only" in said
    assert "[1] not permitted" in said and "apt-get install bubblewrap" in said
