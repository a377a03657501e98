"""The token is in a request's header, in the memory of the process that sends it and, while it
runs, in the environment of one git; and nowhere else."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shop import Shop

from syncer.forge.token import Token, take_token

LOGGED = """\
import logging
logging.basicConfig(level=logging.DEBUG, filename={log!r})
"""


def forms(token: str) -> list[str]:
    """The token, and what it looks like in Base64 wherever it begins in what is encoded."""
    coded = [base64.b64encode(b"x" * n + token.encode()).decode()[n and 4 : -4] for n in range(3)]
    return [token, *coded]


def found(token: str, text: str) -> list[str]:
    return [form for form in forms(token) if form in text]


def test_the_forms_are_what_is_sent() -> None:
    token = "ghs_Marked0Marked0"
    for before in ("", "x-access-token:", "y:", "ab:"):
        coded = base64.b64encode(f"{before}{token}".encode()).decode()
        assert found(token, coded), before


@pytest.fixture(scope="module")
def tracing() -> str:
    strace = shutil.which("strace")
    assert strace, "strace is not installed; ci/setup does that"
    return strace


def test_a_run_under_strace_with_every_log_on(shop: Shop, tmp_path: Path, tracing: str) -> None:
    shop.roll()
    home, log = tmp_path / "home", tmp_path / "debug.log"
    (home / "site").mkdir(parents=True)
    (home / "site" / "sitecustomize.py").write_text(LOGGED.format(log=str(log)))
    traces = {
        name: str(home / name)
        for name in (
            "GIT_TRACE",
            "GIT_TRACE_CURL",
            "GIT_TRACE_PACKET",
            "GIT_TRACE2_EVENT",
        )
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(home / "site"),
        "GIT_CURL_VERBOSE": "1",
        "GIT_TRACE_REDACT": "0",
        "TMPDIR": str(home),
        **traces,
        **shop.hub.environment,
    }
    trace = tmp_path / "trace"
    command = [tracing, "-f", "-v", "-y", "-s", "1000000", "-o", str(trace)]
    command += ["-e", "trace=execve,write,writev,pwrite64,rename,openat,mkdir,symlink"]
    command += [str(Path(sys.executable).with_name("tflm-sync")), "publish"]
    done = subprocess.run(
        [*command, "--port", str(shop.port.file)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(shop.state.pulls) == 1
    token = shop.hub.token
    assert not found(token, done.stdout + done.stderr)
    assert "POST" in log.read_text(), "the debug log is on"

    holders = 0
    for line in trace.read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if not call or not found(token, line):
            continue
        name, rest = call.groups()
        if name == "execve":
            path, arguments, variables = re.match(r'("[^"]*"), (\[.*?\]), (\[.*)', rest).groups()  # type: ignore[union-attr]
            assert not found(token, path + arguments), line[:300]
            own = "SYNC_TOKEN=" in variables and "tflm-sync" in arguments
            # env(1) takes away what git shall not see, and becomes git.
            assert own or "git" in path or '"git", "-c", "core.hooksPath=/dev/null"' in arguments
            holders += not own
            if not own:
                assert "SYNC_TOKEN" not in variables
        else:  # what is written goes to the server: no file, pipe or terminal
            assert re.match(r"\d+<(socket|TCP)", rest), line[:300]
    assert holders, "git was given it"

    for place in (shop.checkout, home, tmp_path / "debug.log"):
        for file in [place] if place.is_file() else place.rglob("*"):
            if file.is_file():
                assert not found(token, file.read_bytes().decode("latin-1")), file
    traced = "".join((home / name).read_text() for name in traces if (home / name).exists())
    assert "push" not in traced and "http" not in traced


def test_the_environment_no_longer_shows_it() -> None:
    script = (
        "from pathlib import Path; import os, subprocess, sys\n"
        "from syncer.forge.token import take_token\n"
        "assert 'Marked' in Path('/proc/self/environ').read_text()\n"
        "token = take_token()\n"
        "assert token.secret == 'ghs_Marked', token.secret\n"
        "assert 'Marked' not in Path('/proc/self/environ').read_text()\n"
        "assert 'OTHER=kept' in Path('/proc/self/environ').read_text()\n"
        "assert 'Marked' not in subprocess.check_output(['env'], text=True)\n"
        "assert 'Marked' not in repr(token) + str(token)\n"
    )
    environment = {
        "SYNC_TOKEN": "ghs_Marked",
        "GITHUB_TOKEN": "ghs_Marked2",
        "OTHER": "kept",
    }
    subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "PATH": os.environ["PATH"]},
        check=True,
    )


def test_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNC_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", "")
    assert take_token() is None


def test_a_mask_knows_every_form() -> None:
    token = Token("ghs_Marked+0/=")
    text = f"{token.secret} {token.header} ghs_Marked%2B0%2F%3D"
    assert not found(token.secret, token.mask(text)) and "%2B" not in token.mask(text)


def test_a_bug_does_not_show_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    token = shop.hub.token

    def fails(*_: object) -> None:
        raise RuntimeError(f"it was {token}, {base64.b64encode(token.encode()).decode()}")

    monkeypatch.setattr("syncer.forge.github.GitHub.default_branch", fails)
    monkeypatch.setenv("XDG_STATE_HOME", str(shop.folder / "state"))
    shop.roll()
    said = shop.publish()
    assert said.status == 3 and "This is a bug" in said.err
    (log,) = (shop.folder / "state").rglob("bug-*.log")
    assert "RuntimeError: it was ***, ***" in log.read_text()
    assert not found(token, log.read_text() + said.text)
