"""Foreign code that means harm, under every protection that this machine can give."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncer import foreign
from syncer.errors import Exit, SyncError
from syncer.foreign import sandbox as ways
from syncer.model import Protection
from syncer.port import Tree
from syncer.tree.checkout import Checkout
from syncer.tree.listing import list_files

KINDS = (
    "bubblewrap",
    "namespaces",
    "namespaces without processes",
    "namespaces without files and processes",
    "environment only",
)
SECRET = "s3cret-of-a-person"


@pytest.fixture(params=KINDS)
def sandbox(request: pytest.FixtureRequest) -> foreign.Sandbox:
    """Each way to hold foreign code back; one that this machine cannot do is skipped aloud."""
    possible, refused = foreign.all_sandboxes()
    for way in possible:
        if way.protection.name.rstrip(" .0123456789") == request.param:
            return way
    pytest.skip("; ".join(reason for reason in refused if reason.startswith(request.param)))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user's with a token in its environment."""
    with subprocess.Popen(["sleep", "120"], env={"GITHUB_TOKEN": SECRET}) as child:
        yield child
        child.kill()


def running(mark: str) -> bool:
    """Whether a process has `mark` as an argument."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark in place.read_text(errors="replace").split("\0"):
                return True
        except OSError:
            continue
    return False


def gone(mark: str) -> bool:
    """Whether no process has `mark` as an argument, soon: the kernel ends them on its own time."""
    for _ in range(100):
        if not running(mark):
            return True
        time.sleep(0.1)
    return False


def a_mark(tmp_path: Path) -> str:
    """An argument to `sleep` that no other process has."""
    return f"3600.{os.getpid()}{abs(hash(tmp_path)) % 10**9}"


ATTACK = """\
echo "environment: ${GITHUB_TOKEN:-none} ${SSH_AUTH_SOCK:-none} ${https_proxy:-none}"
echo "process: $(tr '\\0' ' ' <VICTIM)"
echo "home: $(cat HOME/.ssh/id)"
echo "repository: $(cat REPOSITORY/.git/config)"
echo "agent: $(python3 -c 'import socket
socket.socket(socket.AF_UNIX).connect("HOME/agent")' && echo reached)"
echo "network: $(bash -c 'exec 3<>/dev/tcp/127.0.0.1/NUMBER && echo reached')"
echo changed >REPOSITORY/checkout/source.c
echo written >OUTSIDE/file
(setsid sleep MARK >/dev/null 2>&1 &)
"""


def test_a_hostile_makefile(
    sandbox: foreign.Sandbox,
    tmp_path: Path,
    listener: socket.socket,
    victim: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Upstream's makefile tries all it can. Where a protection does not claim to hold something,
    the attempt must get through: that shows that the attempts are real."""
    repository, home, outside = (tmp_path / name for name in ("repository", "home", "outside"))
    checkout, mark = repository / "checkout", a_mark(tmp_path)
    for folder in (checkout, repository / ".git", home / ".ssh", outside):
        folder.mkdir(parents=True)
    (repository / ".git" / "config").write_text(SECRET)
    (home / ".ssh" / "id").write_text(SECRET)
    # So that each of these places is seen to be hidden for what it is, not for lying in /tmp.
    monkeypatch.setattr("syncer.foreign.room._HIDDEN", ())
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("SSH_AUTH_SOCK", SECRET)
    monkeypatch.setenv("https_proxy", SECRET)
    attack = ATTACK
    for word, value in (
        ("VICTIM", f"/proc/{victim.pid}/environ"),
        ("HOME", home),
        ("REPOSITORY", repository),
        ("OUTSIDE", outside),
        ("NUMBER", listener.getsockname()[1]),
        ("MARK", mark),
    ):
        attack = attack.replace(word, str(value))
    (checkout / "attack.sh").write_text(attack)
    (checkout / "source.c").write_text("int a;\n")
    (checkout / "Makefile").write_text("$(shell sh ./attack.sh >&2)\nlist:\n\t@echo source.c\n")

    tree = Tree(makefile="Makefile", downloads="downloads", goals=("list",))
    with (
        socket.socket(socket.AF_UNIX) as agent,
        pytest.raises(SyncError, match="said something unexpected") as caught,
    ):
        agent.bind(str(home / "agent"))
        agent.listen()
        list_files(Checkout(checkout, {}), tree, sandbox)
    lines = caught.value.detail.splitlines()
    said = {line.split(": ", 1)[0]: line for line in lines if ": " in line}

    protection = sandbox.protection
    assert said["environment"] == "environment: none none none"
    own_user = protection.name == "environment only"
    assert (SECRET in said["process"]) == own_user
    for place in ("home", "repository"):
        assert (SECRET in said[place]) != protection.files, said[place]
    assert ("reached" in said["agent"]) != protection.files
    assert ("reached" in said["network"]) != protection.network
    if protection.network:
        with pytest.raises(BlockingIOError):
            listener.accept()
    else:
        listener.accept()[0].close()
    assert (outside / "file").exists() != protection.files
    unchanged = (checkout / "source.c").read_text() == "int a;\n"
    assert unchanged == protection.files
    assert gone(mark)


def test_only_what_is_given_is_seen_and_only_what_is_to_be_changed_can_be(
    sandbox: foreign.Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "given").write_text("given\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "far").write_text("far\n")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    work = tmp_path / "work"
    readable = (tmp_path / "given", tmp_path / "link" / "far")
    room = foreign.Room(work, writable=(work,), readable=readable)

    def run(script: str) -> foreign.Done:
        return foreign.run(["sh", "-c", script], room, seconds=60, sandbox=sandbox)

    done = run("pwd; cat ../given; echo x >mine")
    assert done == foreign.Done(0, f"{work}\ngiven\n", "")
    assert (work / "mine").read_text() == "x\n"
    assert run("cat ../link/far ../other/far").out == "far\nfar\n"
    assert run("touch $HOME/a $TMPDIR/b /dev/null && ls /dev/fd /dev/shm").status == 0

    if sandbox.protection.files:
        assert run("ls -A ..").out.split() == ["given", "link", "other", "work"]
        assert run("ls -A /run").out == ""
        given = [path.parts for path, _ in room.shown]
        home = Path.home()
        shown = {
            parts[len(home.parts)] for parts in given if parts[: len(home.parts)] == home.parts
        }
        assert set(run(f"ls -A {home}").out.split()) == shown
        for place in (tmp_path / "given", "/usr/x", "/etc/x", "/proc/sys/kernel/hostname"):
            assert run(f"echo x >{place}").status != 0
        assert run("ls -A /dev").out.count("\n") < 20  # no disks
        assert (tmp_path / "given").read_text() == "given\n"


def test_no_power_is_left(sandbox: foreign.Sandbox, tmp_path: Path) -> None:
    room = foreign.Room(tmp_path, writable=(tmp_path,))
    script = "grep -E 'CapEff|NoNewPrivs' /proc/self/status; unshare -Urm umount /tmp; ls -A /tmp"
    done = foreign.run(["sh", "-c", script], room, seconds=60, sandbox=sandbox)
    assert "NoNewPrivs:\t1" in done.out
    if sandbox.protection.network:
        assert "CapEff:\t0000000000000000" in done.out
    if sandbox.protection.files:
        assert done.out.split()[4:] == [tmp_path.parts[2]]


def test_what_is_left_behind_ends_and_is_not_waited_for(
    sandbox: foreign.Sandbox, tmp_path: Path
) -> None:
    """A daemon in a session of its own holds the command's output open."""
    mark = a_mark(tmp_path)
    script = f"(setsid sleep {mark} &); echo done"
    room = foreign.Room(tmp_path, writable=(tmp_path,))
    done = foreign.run(["sh", "-c", script], room, seconds=60, sandbox=sandbox)
    assert done == foreign.Done(0, "done\n", "")
    assert gone(mark)


def test_a_command_that_is_late_is_ended_with_all_it_started(
    sandbox: foreign.Sandbox, tmp_path: Path
) -> None:
    mark = a_mark(tmp_path)
    script = f"(setsid sleep {mark} &); echo started; trap '' TERM; sleep {mark}"
    room = foreign.Room(tmp_path, writable=(tmp_path,))
    done = foreign.run(["sh", "-c", script], room, seconds=1.5, sandbox=sandbox)
    assert done.late
    assert done.out == "started\n"
    assert gone(mark)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_dies_with_its_parent(
    sandbox: foreign.Sandbox, tmp_path: Path, how: signal.Signals
) -> None:
    mark = a_mark(tmp_path)
    name = sandbox.protection.name
    program = f"""
from pathlib import Path
from syncer import foreign
ways = {{way.protection.name: way for way in foreign.all_sandboxes()[0]}}
room = foreign.Room(Path({str(tmp_path)!r}), writable=(Path({str(tmp_path)!r}),))
script = "(setsid sleep {mark} &); echo >started; sleep {mark}"
foreign.run(["sh", "-c", script], room, seconds=300, sandbox=ways[{name!r}])
"""
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as parent:
        for _ in range(200):
            if (tmp_path / "started").exists() and running(mark):
                break
            time.sleep(0.1)
        else:
            pytest.fail("it never started")
        parent.send_signal(how)
        assert parent.wait(30) != 0
    assert gone(mark)


def test_statuses_are_the_same_under_every_protection(
    sandbox: foreign.Sandbox, tmp_path: Path
) -> None:
    room = foreign.Room(tmp_path, writable=(tmp_path,))
    for script, status in (("exit 7", 7), ("kill -9 $$", 137), ("true", 0)):
        command = ["sh", "-c", script]
        assert foreign.run(command, room, seconds=60, sandbox=sandbox).status == status
    with pytest.raises(SyncError, match="no-such-program is not installed") as caught:
        foreign.run(["no-such-program"], room, seconds=60, sandbox=sandbox)
    assert caught.value.exit is Exit.ENVIRONMENT


def test_lines_are_told_as_they_come(tmp_path: Path) -> None:
    told: list[str] = []
    room = foreign.Room(tmp_path, writable=(tmp_path,))
    script = "echo one; echo two >&2; printf 'th\\377ree'"
    done = foreign.run(["sh", "-c", script], room, seconds=60, on_line=told.append)
    assert told == ["one", "two", "th\N{REPLACEMENT CHARACTER}ree"]
    assert done.out.splitlines() == told


def test_a_flood_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncer.foreign.command._MOST_OUTPUT", 1 << 20)
    with pytest.raises(SyncError, match="printed more than 1 MiB") as caught:
        foreign.run(["yes"], foreign.Room(tmp_path, writable=(tmp_path,)), seconds=60)
    assert caught.value.exit is Exit.BUILD


def test_the_repository_and_homes_are_hidden_but_not_what_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, repository = tmp_path / "person", tmp_path / "repository"
    work, sdk = repository / "build", home / "sdk"
    for folder in (repository / ".git", work, sdk, home / "bin", sdk / "bin"):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr("syncer.foreign.room._HIDDEN", ("/run", str(home / "sdk")))
    room = foreign.Room(work, writable=(work,), readable=(sdk, home / "absent", Path("/usr")))
    assert {home, repository} <= set(room.hidden)
    assert sdk not in room.hidden  # it lies in what is hidden already
    shown = dict(room.shown)
    assert shown[work] and not shown[sdk]
    assert not {home / "absent", Path("/usr")} & shown.keys()
    (home / "link").symlink_to("/usr/sbin")
    folders = [home / "bin", sdk / "bin", Path("/usr/bin"), tmp_path / "absent", home / "link"]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    assert room.search_path == f"{sdk / 'bin'}:/usr/bin:/usr/sbin"


def test_an_installed_program_brings_its_prefix_but_not_a_persons_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("gcc-12/bin/gcc", ".local/bin/cmake", "bin/ninja", "tools/make"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".local" / "lib").mkdir()

    def brings(name: str) -> list[str]:
        found = foreign.installation(tmp_path / name)
        return [path.relative_to(tmp_path).as_posix() for path in found]

    assert brings("gcc-12/bin/gcc") == ["gcc-12"]
    assert brings(".local/bin/cmake") == [".local/bin", ".local/lib"]
    assert brings("bin/ninja") == ["bin"]
    assert brings("tools/make") == ["tools"]
    (tmp_path / "bin" / "gcc").symlink_to(tmp_path / "gcc-12" / "bin" / "gcc")
    assert brings("bin/gcc") == ["bin", "gcc-12"]


def test_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert foreign.choose("off").protection.name == "environment only"
    assert foreign.choose("auto").protection == foreign.all_sandboxes()[0][0].protection
    with pytest.raises(SyncError, match="no sandbox mode 'strict'") as caught:
        foreign.choose("strict")
    assert caught.value.exit is Exit.USAGE

    weak = foreign.Sandbox(Protection("weak", network=True, files=False, processes=True), list)
    monkeypatch.setattr(ways, "all_sandboxes", lambda: ((weak,), ("bubblewrap: not allowed",)))
    monkeypatch.setattr(ways, "_strongest", lambda: weak)
    assert foreign.choose("auto") is weak
    with pytest.raises(SyncError, match="cannot be confined on this machine") as caught:
        foreign.choose("required")
    assert caught.value.exit is Exit.ENVIRONMENT
    assert "apt-get install bubblewrap" in caught.value.hint
    assert caught.value.detail == "bubblewrap: not allowed"


def test_what_the_machine_cannot_do_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: bubblewrap is there, and nothing is allowed to it, nor to us."""
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    launcher = tmp_path / "launcher.py"
    launcher.write_text("raise SystemExit(125)\n")
    monkeypatch.setattr(ways, "_LAUNCHER", launcher)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    possible, refused = ways.all_sandboxes.__wrapped__()
    assert [way.protection.name for way in possible] == ["environment only"]
    assert refused[0] == "bubblewrap: bwrap: No permissions to create new namespace"
    assert "namespaces: exit 125" in refused
