"""A desk to make mistakes at: a world that has rolled once, `sync` as a person runs it, and what
must hold whatever was wrong: one message, its exit status, and nothing lost.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from platformdirs import user_cache_path
from worlds import World

from syncer.cli.app import run
from syncer.errors import Exit

SDK = user_cache_path("syncer") / "pico-sdk-2.1.1"
TIMEOUT = 300


@dataclass(frozen=True)
class Done:
    """One command that ended. `document` is the status document, if there was a roll."""

    status: int
    out: str
    err: str
    document: dict[str, Any] | None

    @property
    def message(self) -> str:
        """The one message, wherever it was said."""
        told = re.findall(r"^sync: (.*)", _plain(self.err), re.MULTILINE)
        told += [self.document["message"]] if self.document and self.document["message"] else []
        assert len(told) == 1, (told, self.out, self.err)
        return str(told[0])

    @property
    def hint(self) -> str:
        told = re.findall(r"^(?:→|->|\ufffd) (.*)", _plain(self.err), re.MULTILINE)
        return str(self.document["hint"]) if self.document else "".join(told)

    def refused(self, exit: Exit, *said: str) -> None:
        """It ended as a mistake should: with this status and this in its message or hint."""
        everything = f"{self.out}\n{self.err}"
        assert self.status == exit, everything
        assert "Traceback" not in everything and "This is a bug" not in everything
        for part in said:
            assert part in f"{self.message}\n{self.hint}\n{self.err}", everything
        assert self.hint, everything
        # What a person reads says it once.
        assert everything.count(self.message) == 1, everything
        assert not self.document or self.document["exit"] == exit


def _plain(text: str) -> str:
    """Without a terminal's colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


class Desk:
    """`sync` at the world's port, in an environment that holds nothing of this machine's user."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root = world.folder / "port"
        self.file = world.port.file
        self.state = world.port.state
        self.mirrors = world.folder / "mirrors.toml"
        lines = (f'"{url}" = "{place}"\n' for url, place in world.order().mirrors.items())
        self.mirrors.write_text("[mirrors]\n" + "".join(lines))
        self.home = world.folder / "home"
        # One cache for rolls made here and those of `World.roll`.
        (self.home / "cache").mkdir(parents=True, exist_ok=True)
        if not (self.home / "cache" / "syncer").exists():
            (self.home / "cache" / "syncer").symlink_to(world.folder / "cache")
        self.good: dict[str, str] = {}
        self.kept = {path: path.read_bytes() for path in self.inputs()}

    # ---- running

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "CCACHE_DIR": os.environ.get("CCACHE_DIR", str(Path.home() / ".cache" / "ccache")),
            "PICO_SDK_PATH": str(SDK),
            "SYNC_MIRRORS": str(self.mirrors),
            "LC_ALL": "C.UTF-8",
        }

    def sync(
        self,
        *arguments: str,
        env: Mapping[str, str | None] = {},
        cwd: Path | None = None,
        before: tuple[str, ...] = (),
    ) -> Done:
        """Run a command line, with `env` on top of the environment (None: not set); `before` are
        words that go before it, as `sh -c '…' sh`."""
        wanted = {**self.environment, **env}
        report = self.world.folder / "said.json"
        report.unlink(missing_ok=True)
        if arguments[0] == "roll" and "--json" not in arguments:
            arguments = (*arguments, "--json", str(report))
        done = subprocess.run(
            [*before, str(Path(sys.executable).with_name("tflm-sync")), *arguments],
            cwd=cwd or self.file.parent,
            env={name: value for name, value in wanted.items() if value is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        document = json.loads(report.read_bytes()) if report.is_file() else None
        return Done(done.returncode, out, err, document)

    def run(self, *arguments: str) -> Done:
        """As `sync`, without a process of its own: for what does not depend on one."""
        report = self.world.folder / "said.json"
        report.unlink(missing_ok=True)
        if arguments[0] == "roll":
            arguments = (*arguments, "--port", str(self.file), "--json", str(report))
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            status = run(list(arguments))
        document = json.loads(report.read_bytes()) if report.is_file() else None
        return Done(status, out.getvalue(), err.getvalue(), document)

    # ---- what is there

    def inputs(self) -> list[Path]:
        """The port's own files."""
        files = (p for p in self.root.rglob("*") if p.is_file() or p.is_symlink())
        return sorted(p for p in files if ".sync" not in p.parts)

    def outputs(self) -> dict[str, str]:
        """The last good roll's results and outputs, as digests. What was resolved is each
        roll's own."""
        kinds = ("stages/*.json", "tree/**/*", "build/*/firmware/*.elf", "publish/**/*")
        found = sorted(p for kind in kinds for p in self.state.glob(kind) if p.is_file())
        found = [p for p in found if p.name != "resolve.json"]
        return {
            str(p.relative_to(self.state)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in found
        }

    def write(self, path: str, data: str | bytes) -> Path:
        """A file of the port's, below its root, with this in it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def change(self, path: str, old: str, new: str) -> None:
        """Replace what stands once in a file of the port's."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1, (path, old, text.count(old))
        self.write(path, text.replace(old, new))

    def tidy(self) -> None:
        """The port's files as they were."""
        for path in self.inputs():
            if path not in self.kept:
                path.unlink()
        for path, data in self.kept.items():
            if path.is_dir():
                shutil.rmtree(path)
            if path.parent.is_file():
                path.parent.unlink()
            if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
                path.unlink(missing_ok=True)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
