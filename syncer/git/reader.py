"""Objects read through one `git cat-file` that goes on running: thousands need no git each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from syncer.git.command import start
from syncer.git.objects import Entry

_BATCH = 500  # ids of 41 bytes fit into a pipe while git is busy writing
_TYPES = {"40000": "tree", "160000": "commit"}


class Reader:
    """Reads the objects of the repository at `git_dir`; `env` are further variables for git.

    Not for a partial clone: there git ends at the first object that is not here.
    """

    def __init__(self, git_dir: Path, env: Mapping[str, str]) -> None:
        arguments = [f"--git-dir={git_dir}", "cat-file", "--batch"]
        self._process = start(arguments, cwd=git_dir, env=env)
        self._trees: dict[str, tuple[tuple[str, str, str], ...]] = {}

    def close(self) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait()
        self._pipe(self._process.stdout).close()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

    def read(self, ids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """Kind and data of each object that is here, by id."""
        wanted, found = list(dict.fromkeys(ids)), {}
        stdin, stdout = self._pipe(self._process.stdin), self._pipe(self._process.stdout)
        for start_at in range(0, len(wanted), _BATCH):
            batch = wanted[start_at : start_at + _BATCH]
            stdin.write("".join(f"{id}\n" for id in batch).encode())
            stdin.flush()
            for id in batch:
                header = stdout.readline().split()
                if len(header) == 3:
                    found[id] = (header[1].decode(), stdout.read(int(header[2])))
                    stdout.read(1)
        return found

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """All entries of a tree, those of its folders too, each folder before what is in it."""
        return tuple(self._below([("", tree)]))

    def load(self, trees: Iterable[str]) -> None:
        """Read many trees at once, with their folders, for `entries`: level by level."""
        level = set(trees)
        while level:
            new = level - self._trees.keys()
            for id, (_, data) in self.read(new).items():
                self._trees[id] = tuple(_parsed(data))
            level = {
                entry
                for id in new
                for mode, _, entry in self._trees.get(id, ())
                if _TYPES.get(mode) == "tree"
            }

    def root(self, id: str) -> str:
        """The tree of a commit; a tree's own id. "" where it is neither, or not here."""
        kind, data = self.read([id]).get(id, ("", b""))
        return id if kind == "tree" else data[5:45].decode() if kind == "commit" else ""

    def _below(self, folders: list[tuple[str, str]]) -> Iterator[Entry]:
        self.load(id for _, id in folders)
        while folders:
            deeper = []
            for prefix, id in folders:
                for mode, name, entry in self._trees[id]:
                    type = _TYPES.get(mode, "blob")
                    yield Entry(mode.zfill(6), type, entry, prefix + name)
                    if type == "tree":
                        deeper.append((f"{prefix}{name}/", entry))
            folders = deeper


def _parsed(data: bytes) -> Iterator[tuple[str, str, str]]:
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        name = data[space + 1 : end].decode("utf-8", "surrogateescape")
        yield data[at:space].decode(), name, data[end + 1 : end + 21].hex()
        at = end + 21
