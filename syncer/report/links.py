"""Where commits are found on the web."""

from __future__ import annotations

import re

_GITHUB = re.compile(r"https://github\.com/([A-Za-z0-9-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def commit_page(url: str, commit: str) -> str | None:
    """The page of a commit, if `url` is a repository on GitHub. By way of redirect.github.com,
    where a link leaves no mention at its end."""
    found = _GITHUB.fullmatch(url)
    if not found or not _COMMIT.fullmatch(commit):
        return None
    return f"https://redirect.github.com/{found[1]}/commit/{commit}"


def compare_page(url: str, old: str, new: str) -> str | None:
    """The page that compares two commits, likewise."""
    found = _GITHUB.fullmatch(url)
    if not found or not (_COMMIT.fullmatch(old) and _COMMIT.fullmatch(new)):
        return None
    return f"https://redirect.github.com/{found[1]}/compare/{old}...{new}"
