"""A bare clone to carry patches on, and a work tree where plain git does the same by itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from syncer.git import Repository, init_bare
from syncer.queue.mail import Patch, create_patch, encode, parse_patch

Content = bytes | tuple[str, bytes] | None
AUTHOR = "Zoë Ångström <zoe@example.com>"
DATE = "1700000000 +0130"


class Lab:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.repository: Repository = init_bare(root / "clone.git")

    def tree(self, files: Mapping[str, Content], base: str | None = None) -> str:
        changes: dict[str, tuple[str, str] | None] = {}
        for path, content in files.items():
            mode, data = content if isinstance(content, tuple) else ("100644", content)
            changes[path] = None if data is None else (mode, self.repository.write_blob(data))
        return self.repository.write_tree(base, changes)

    def commit(self, files: Mapping[str, Content], *parents: str) -> str:
        """A commit of `files`, changes to those of its first parent."""
        tree = self.tree(files, parents[0] if parents else None)
        return self.repository.commit_tree(tree, parents, "A commit")

    def text(
        self,
        base: str,
        files: Mapping[str, Content],
        subject: str = "Change something",
        body: str = "",
        context: int = 3,
    ) -> str:
        return create_patch(
            self.repository,
            base,
            self.tree(files, base),
            subject=subject,
            author=AUTHOR,
            date=DATE,
            body=body,
            context=context,
        )

    def patch(
        self,
        base: str,
        files: Mapping[str, Content],
        *,
        name: str = "0001-change.patch",
        body: str = "",
        context: int = 3,
    ) -> Patch:
        text = self.text(base, files, body=body, context=context)
        return parse_patch(encode(text), "upstream", name, context=context)

    def files(self, tree: str) -> dict[str, bytes]:
        entries = self.repository.ls_tree(tree)
        contents = self.repository.blobs(entry.id for entry in entries)
        return {entry.path: contents[entry.id] for entry in entries}

    def modes(self, tree: str) -> dict[str, str]:
        return {entry.path: entry.mode for entry in self.repository.ls_tree(tree)}

    def am(self, commit: str, texts: Sequence[str], *options: str) -> str | None:
        """The tree that plain `git am` leaves on `commit`; None if it gives up."""
        work = self.root / "work"
        if not work.exists():
            work.mkdir()
            self._plain("init", "-q")
            alternates = work / ".git" / "objects" / "info" / "alternates"
            alternates.write_text(f"{self.repository.path}/objects\n")
        self._plain("reset", "-q", "--hard", commit)
        self._plain("clean", "-qfdx")
        for number, text in enumerate(texts):
            mail = self.root / f"{number}.mail"
            mail.write_bytes(encode(text))
            done = self._plain("am", "-q", "--keep-cr", *options, str(mail), check=False)
            if done.returncode:
                self._plain("am", "--abort")
                return None
        tree = self._plain("rev-parse", "HEAD^{tree}").stdout.decode().strip()
        self.repository.fetch(str(work), ["+HEAD:refs/am"])
        return tree

    def _plain(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.com"}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.root / "work",
            env=env,
            capture_output=True,
            check=check,
        )
