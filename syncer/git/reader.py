"""Objects read through one `git cat-file` that goes on running: thousands need no git each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from syncer.git.command import start

_BATCH = 500  # ids of 41 bytes fit into a pipe while git is busy writing


class Reader:
    """Reads the objects of the repository at `git_dir`; `env` are further variables for git."""

    def __init__(self, git_dir: Path, env: Mapping[str, str]) -> None:
        self._git_dir, self._env = git_dir, env
        self._open()

    def _open(self) -> None:
        arguments = [f"--git-dir={self._git_dir}", "cat-file", "--batch"]
        self._process = start(arguments, cwd=self._git_dir, env=self._env)

    def close(self) -> None:
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        self._process.wait()
        _pipe(self._process.stdout).close()

    def read(self, ids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """Kind and data of each object that is here, by id."""
        rest, found = list(dict.fromkeys(ids)), dict[str, tuple[str, bytes]]()
        while rest:
            batch = rest[:_BATCH]
            answered = self._ask(batch, found)
            if answered < len(
                batch
            ):  # git ended: a partial clone lacks the next, and may not fetch
                answered += 1
                self.close()
                self._open()
            rest = rest[answered:]
        return found

    def _ask(self, ids: Sequence[str], found: dict[str, tuple[str, bytes]]) -> int:
        """Add the objects that are here to `found`; returns for how many ids git has answered."""
        stdin, stdout = _pipe(self._process.stdin), _pipe(self._process.stdout)
        with suppress(BrokenPipeError):
            stdin.write("".join(f"{id}\n" for id in ids).encode())
            stdin.flush()
        for number, id in enumerate(ids):
            header = stdout.readline().split()
            if not header:
                return number
            if len(header) == 3:
                found[id] = (header[1].decode(), stdout.read(int(header[2])))
                stdout.read(1)
        return len(ids)

    def root(self, id: str) -> str:
        """The tree of a commit; a tree's own id. "" where it is neither, or not here."""
        kind, data = self.read([id]).get(id, ("", b""))
        return id if kind == "tree" else data[5:45].decode() if kind == "commit" else ""


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
