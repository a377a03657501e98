"""Starts one command, confined by Linux's namespaces: `python launcher.py ORDER COMMAND...`.

ORDER is JSON with "parent" (the process to die with), "namespaces" (of "network", "files" and
"processes"; none: the command is only watched), "hidden" (folders to empty), "shown" ([[path,
writable], ...], laid over them, outer before inner) and "folder" (the working directory).

It ends with the command's status, with 128 + N where signal N killed it, with 127 where it could
not be started, and with 125 where the confinement failed: the command is not run then. Whatever
the command started ends with it. Run by its path; imports nothing of this package.

Facts from unshare(2), user_namespaces(7), pid_namespaces(7), open_tree(2), mount_setattr(2) (Linux
5.12), capabilities(7) and prctl(2); the numbers from <sched.h>, <sys/mount.h>, <sys/prctl.h> and
<asm-generic/unistd.h>, which all architectures but alpha share for these calls.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 1, 4
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38

_DEVICES = ("null", "zero", "full", "random", "urandom")
_CONFINEMENT_FAILED, _NOT_STARTED = 125, 127

_libc = ctypes.CDLL(None, use_errno=True)


def main(order: dict[str, Any], command: list[str]) -> int:
    """Confine this process as ordered, run the command, and return the status to end with."""
    namespaces = order["namespaces"]
    try:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != order["parent"]:
            return _CONFINEMENT_FAILED  # it died before we could ask to die with it
        if namespaces:
            _leave(namespaces)
        if "files" in namespaces:
            _confine_files(order["hidden"], order["shown"])
        os.chdir(order["folder"])
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return _CONFINEMENT_FAILED
    if "processes" in namespaces:
        return _in_own_processes(command, confined=True)
    return _watched(command, confined=bool(namespaces))


def _leave(namespaces: list[str]) -> None:
    """Enter new namespaces; the user keeps its number in them."""
    user, group = os.getuid(), os.getgid()
    flags = _NEWUSER | _NEWUTS | _NEWIPC
    flags |= _NEWNET if "network" in namespaces else 0
    flags |= _NEWNS if "files" in namespaces else 0
    flags |= _NEWPID if "processes" in namespaces else 0
    _check("unshare", _libc.unshare(flags))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _confine_files(hidden: list[str], shown: list[tuple[str, bool]]) -> None:
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    # Taken before everything becomes read-only or is covered.
    shown_trees = [(path, writable, _tree(path)) for path, writable in shown]
    devices = [(f"/dev/{name}", _tree(f"/dev/{name}")) for name in _DEVICES]
    _set_attributes(_AT_FDCWD, "/", _MS_RDONLY | _MS_NOSUID)
    for covered in (*hidden, "/dev"):
        _mount("tmpfs", covered, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755")
    for path, device in devices:
        Path(path).touch()
        _attach(device, path)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        Path("/dev", name).symlink_to(f"/proc/self/fd{target}")
    Path("/dev/shm").mkdir()
    for path, writable, tree in shown_trees:
        place = Path(path)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.mkdir() if _is_folder(tree) else place.touch()
        _set_attributes(tree, "", _MS_NOSUID | (0 if writable else _MS_RDONLY))
        _attach(tree, path)


def _in_own_processes(command: list[str], *, confined: bool) -> int:
    """Run the command below a process 1 of its own: when that ends, the kernel ends the rest."""
    first = os.fork()
    if first == 0:
        try:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            # Read-only, because under /proc/sys root's number alone is enough to write.
            _mount("proc", "/proc", "proc", _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            os._exit(_CONFINEMENT_FAILED)
        os._exit(_run(command, confined=confined))
    return _status(os.waitpid(first, 0)[1])


class _Stopped(Exception):
    pass


def _watched(command: list[str], *, confined: bool) -> int:
    """Run the command, then end what it left: it all becomes our child. A command that kills
    this process first escapes that."""

    def stop(*_: object) -> NoReturn:
        raise _Stopped

    signal.signal(signal.SIGTERM, stop)
    try:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        return _run(command, confined=confined)
    except _Stopped:
        return 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end_children()


def _run(command: list[str], *, confined: bool) -> int:
    child = os.fork()
    if child == 0:
        _become(command, confined=confined)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            return _status(status)


def _become(command: list[str], *, confined: bool) -> NoReturn:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if confined:
            # Without them nobody, not even root's number, gets the namespaces' powers back.
            for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
                _prctl(_PR_CAPBSET_DROP, capability)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
    os._exit(_NOT_STARTED)


def _end_children() -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        try:
            for child in children.read_text().split():
                os.kill(int(child), signal.SIGKILL)
            os.waitpid(-1, 0)
        except ProcessLookupError:
            continue  # it ended by itself; it is still to be waited for
        except (ChildProcessError, FileNotFoundError):
            return


def _status(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


# ---- the system's calls


def _check(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, value: int) -> None:
    _check(f"prctl {option}", _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    result = _libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3])
    _check(f"mount {target}", result)


def _tree(path: str) -> int:
    """A descriptor of a copy of the mounts at and below `path`."""
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return _check(
        f"open_tree {path}", _libc.syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags)
    )


def _attach(tree: int, path: str) -> None:
    _check(
        f"move_mount {path}",
        _libc.syscall(
            *(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(path), _MOVE_MOUNT_F_EMPTY_PATH)
        ),
    )
    os.close(tree)


def _set_attributes(at: int, path: str, attributes: int) -> None:
    """Set mount attributes (read-only 1, nosuid 2) at a place and all mounts below it."""
    attr = struct.pack("=4Q", attributes, 0, 0, 0)
    flags = _AT_RECURSIVE | (0 if path else _AT_EMPTY_PATH)
    _check(
        f"mount_setattr {path}",
        _libc.syscall(
            *(_MOUNT_SETATTR, at, os.fsencode(path), flags, attr, ctypes.c_size_t(len(attr)))
        ),
    )


def _is_folder(tree: int) -> bool:
    return Path(f"/proc/self/fd/{tree}").is_dir()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
