"""Who works here, as git would say: the only thing that is read of a person's own configuration."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

from syncer.git.command import run


def identity(folder: Path) -> str:
    """ "Name <mail>" of whoever works in `folder`: from `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`,
    else user.name and user.email of that repository or of the user; else the user and host."""
    name = os.environ.get("GIT_AUTHOR_NAME") or _setting(folder, "user.name")
    mail = os.environ.get("GIT_AUTHOR_EMAIL") or _setting(folder, "user.email")
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # one whom the system does not know
        user = str(os.getuid())
    plain = "".join(c for c in (name or user) if c.isprintable() and c not in "<>").strip()
    address = "".join(c for c in mail if c.isprintable() and c not in "<> ")
    return f"{plain or user} <{address or f'{user}@{socket.gethostname()}'}>"


def _setting(folder: Path, key: str) -> str:
    home = Path(os.environ.get("HOME", "/nonexistent"))
    own = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    roots = (place for place in (folder, *folder.parents) if (place / ".git").is_dir())
    files = [*(root / ".git" / "config" for root in list(roots)[:1]), home / ".gitconfig"]
    for file in (*files, own / "git" / "config"):
        if file.is_file():
            status, out, _ = run(["config", "--file", str(file), "--get", key], cwd=Path("/"))
            if not status and out.strip():
                return out.decode("utf-8", "replace").strip()
    return ""
