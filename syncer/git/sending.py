"""What leaves a repository: pushes, and bundles, which are repositories in one file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from syncer.errors import Exit
from syncer.git.command import GitError, failure, redact, run
from syncer.git.repository import Repository

# git-push(1), --porcelain: flag, refs, summary and reason.
_STATUS = re.compile(r"^!\t[^\t]*\t\[([^\]]*)\](?: \((.*)\))?$", re.MULTILINE)


class Rejected(GitError):
    """The remote was reached and did not take the commit. `reason` is its or git's own; `stale`:
    the branch is not where it was expected to be."""

    def __init__(self, error: GitError, reason: str, stale: bool) -> None:
        super().__init__(error.message, hint=error.hint, exit=error.exit, detail=error.detail)
        self.reason, self.stale = reason, stale


def push(
    source: Repository,
    url: str,
    commit: str,
    branch: str,
    expected: str,
    *,
    env: Mapping[str, str],
    protocols: Collection[str],
) -> None:
    """Set a remote's branch to `commit`, if it is at `expected` (empty: if there is none).

    Args:
        env: further variables for git; their values appear in no argument and no message.

    Raises:
        Rejected: the remote would not have it.
        GitError: (ENVIRONMENT) it cannot be reached, or asks for other credentials.
    """
    ref = f"refs/heads/{branch}"
    arguments = [f"--git-dir={source.git_dir}", "push", "--porcelain", "--no-verify", "--no-signed"]
    arguments += ["--recurse-submodules=no", "--no-follow-tags"]
    arguments += [f"--force-with-lease={ref}:{expected}", "--", url, f"{commit}:{ref}"]
    status, out, err = run(arguments, cwd=source.git_dir, env=env, protocols=protocols)
    if not status:
        return
    error = failure(["push", f"{commit[:12]}:{ref}"], redact(url), err, Exit.ENVIRONMENT)
    if refused := _STATUS.search(out.decode("utf-8", "replace")):
        said = _remote_words(err)
        reason = ": ".join(filter(None, (refused[2] or refused[1], said)))
        raise Rejected(error, reason, refused[2] == "stale info")
    raise error


def _remote_words(err: str) -> str:
    """What the remote said, of all that git printed."""
    words = re.findall(r"^remote: (?:error: )?(.+?)\s*$", err, re.MULTILINE)
    return " ".join(words)[:500]


def write_bundle(source: Repository, file: Path, refs: Collection[str]) -> None:
    """Write `refs`, with all their history and files, to a bundle.

    Raises:
        GitError: there is no such ref; or the file cannot be written.
    """
    source.run(["-c", "pack.threads=1", "bundle", "create", "--quiet", str(file.absolute()), *refs])


def read_bundle(into: Repository, file: Path, ref: str, name: str) -> str:
    """Take a bundle's only ref, which must be `ref`, into a repository as `name`; the commit.
    Every object is checked as git-fsck does, and nothing may be missing from the bundle.

    Raises:
        GitError: it is no bundle, or is damaged, holds other refs, or objects that are not sound.
    """
    listed = into.text(["bundle", "list-heads", str(file.absolute())]).splitlines()
    heads = [line.split(" ", 1)[1] for line in listed]
    if heads != [ref]:
        raise GitError(f"{file} holds {', '.join(heads)[:200] or 'nothing'}, and not {ref} alone")
    checked = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "fetch.fsckObjects",
        "GIT_CONFIG_VALUE_0": "true",
    }
    into.fetch(str(file.absolute()), [f"{ref}:{name}"], protocols=("file",), env=checked)
    return into.rev_parse(name)
