"""One run of git, in an environment that decides nothing for it."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from syncer.errors import Exit, SyncError
from syncer.files import working_in
from syncer.git.objects import decode
from syncer.locking import inherited_files

# merge-tree takes many merges at once since 2.39 (Documentation/RelNotes/2.39.0.txt).
MINIMUM = (2, 39)
PROTOCOLS = ("file", "https", "ssh")

_UNREACHABLE = "Look at the network and the URL, or name a mirror with --mirrors FILE."

# The C library's words, in the locale git is run in.
_DISK = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)))

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
    "TZ": "UTC",
}

# What a repository's own configuration must not decide: programs to run, and how text is merged.
_CONFIG = (
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.alternateRefsCommand=:",
    "core.autocrlf=false",
    "core.bare=true",
    "core.fsmonitor=false",
    "core.ignoreCase=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.quotePath=false",
    "core.sshCommand=ssh -o BatchMode=yes",
    "credential.helper=",
    "diff.renameLimit=0",
    "fetch.unpackLimit=1",  # what is fetched comes as one pack, whole or not at all
    "gc.auto=0",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "log.showSignature=false",
    "maintenance.auto=false",
    "merge.conflictStyle=diff3",
    "merge.directoryRenames=false",
    "merge.renormalize=false",
    "merge.renames=true",
    "merge.renameLimit=0",
    "protocol.allow=never",
    "submodule.recurse=false",
)


class GitError(SyncError):
    """git ended with a status it should not have; `detail` has its last lines."""


def redact(text: str) -> str:
    """`text` without the user part of URLs."""
    return re.sub(r"(\w://)[^/@\s]+@", r"\1***@", text)


def run(
    arguments: Sequence[str],
    *,
    cwd: Path,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
    protocols: Collection[str] = (),
    name: str = "",
) -> tuple[int, bytes, str]:
    """Run git once and return (status, standard output, standard error).

    Args:
        arguments: git's arguments.
        cwd: the child's working directory.
        input: its standard input; None is the null device.
        env: further variables for the child; their values appear in no argument and no message.
        protocols: transports the command may use; none by default.
        name: how messages call the repository.

    Raises:
        SyncError: git is not installed (`Exit.ENVIRONMENT`).
    """
    command, child = _command(arguments, env, protocols)
    from git.cmd import Git

    with working_in(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as stream:
        stream.write(input or b"")
        stream.seek(0)
        # Its overloads leave out that further arguments are Popen's.
        execute: Any = Git(str(cwd)).execute
        result: tuple[int, bytes, str] = execute(
            command,
            istream=stream,
            env=child,
            with_exceptions=False,
            with_extended_output=True,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            pass_fds=inherited_files(),
        )
    status, out, err = result
    if status == 127 and not out:
        raise SyncError("git cannot be run", hint="install git", exit=Exit.ENVIRONMENT, detail=err)
    return status, out, err


def start(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """git as `run` runs it, without a transport, to be talked with through its pipes; what it says
    on standard error goes nowhere. Whoever starts it closes them and waits for it."""
    command, child = _command(arguments, env, ())
    from git.cmd import Git

    execute: Any = Git(str(cwd)).execute
    process: Any = execute(
        command,
        istream=subprocess.PIPE,
        env=child,
        as_process=True,
        pass_fds=inherited_files(),
    )
    talked: subprocess.Popen[bytes] = process.proc
    process.proc = None  # so that it is not ended when GitPython thinks fit
    return talked


def _command(
    arguments: Sequence[str], env: Mapping[str, str] | None, protocols: Collection[str]
) -> tuple[list[str], dict[str, str]]:
    """git's command line, and the variables to set for it."""
    try:
        import git.cmd  # noqa: F401  late: it runs git once, and fails where there is none
    except ImportError as error:
        raise SyncError(
            "git cannot be run", hint="install git 2.39 or newer", exit=Exit.ENVIRONMENT
        ) from error
    _check_version()
    child = {**_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none", **(env or {})}
    # GitPython adds to os.environ and cannot take away, so env(1) does; names only, never values.
    inherited = [n for n in os.environ if n.startswith("GIT_") and n not in child]
    command = ["env", *(part for n in inherited for part in ("-u", n))] if inherited else []
    command += ["git", *(part for setting in _CONFIG for part in ("-c", setting)), *arguments]
    return command, child


@cache
def _check_version() -> None:
    from git.cmd import Git

    version = Git().version_info
    if version[:2] < MINIMUM:
        said, needed = (".".join(map(str, numbers)) for numbers in (version, MINIMUM))
        raise SyncError(
            f"git is {said}, needed is {needed} or newer",
            hint="apt-get install git",
            exit=Exit.ENVIRONMENT,
        )


def failure(arguments: Sequence[str], where: str, err: str, exit: Exit) -> GitError:
    lines = [line for line in redact(err).strip().splitlines() if line.strip()][-8:]
    # git says first what is wrong and then, of a remote, what it may come from in general.
    said = next((line for line in lines if not line.startswith("warning: ")), "")
    command = redact(" ".join(arguments))
    if any(refusal in err for refusal in _DISK):
        hint, exit = f"Free space for {where}, or make it writable.", Exit.ENVIRONMENT
    else:
        hint = _UNREACHABLE if exit is Exit.ENVIRONMENT else ""
    return GitError(
        f"git {command[:200]} failed in {where}" + (f": {said}" if said else ""),
        hint=hint,
        exit=exit,
        detail="\n".join(lines),
    )


def ls_remote(
    url: str,
    *patterns: str,
    protocols: Collection[str] = PROTOCOLS,
    env: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The refs of a remote repository that match `patterns` (all without any): name -> id.
    An annotated tag has two entries; the one ending in `^{}` is the commit. `env` as in `run`.

    Raises:
        GitError: the remote cannot be read (`Exit.ENVIRONMENT`).
    """
    arguments = ["ls-remote", "--quiet", "--", url, *patterns]
    where = Path(tempfile.gettempdir())
    status, out, err = run(arguments, cwd=where, env=env, protocols=protocols)
    if status:
        raise failure(arguments[:1], redact(url), err, Exit.ENVIRONMENT)
    pairs = (line.split("\t", 1) for line in decode(out).splitlines())
    return {ref: id for id, ref in pairs}
