"""A machine that lacks something: tools, an SDK, space, a home; a terminal that is odd."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from desk import Desk, Done

from syncer.errors import Exit

pytestmark = pytest.mark.slow

COMPILER = "arm-none-eabi-gcc"


# ---- tools


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with every program of the search path, to take some away."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            link.unlink(missing_ok=True)
            link.symlink_to(program)
    return folder


def fake(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.unlink(missing_ok=True)
    program.write_text(script)
    program.chmod(0o755)


def tells(version: str) -> str:
    return f"#!/bin/sh\necho tool {version}\n"


def without(library: str) -> str:
    """A compiler that is as it should be but for one library."""
    real = shutil.which(COMPILER)
    return (
        "#!/bin/sh\n"
        f'[ "$1" = -print-file-name={library} ] && {{ echo {library}; exit; }}\n'
        f'exec {real} "$@"\n'
    )


TOOLS: list[tuple[str, Callable[[Path], None], tuple[str, ...]]] = [
    *(
        (
            f"no {name}",
            lambda folder, name=name: (folder / name).unlink(),
            (name, "not installed", package),
        )
        for name, package in (
            (COMPILER, "apt-get install gcc-arm-none-eabi"),
            ("cmake", "apt-get install cmake"),
            ("ninja", "apt-get install ninja-build"),
            ("make", "apt-get install make"),
        )
    ),
    *(
        (
            f"an old {name}",
            lambda folder, name=name, version=version: fake(folder, name, tells(version)),
            (f"{name} is {version}", "needed is"),
        )
        for name, version in (
            (COMPILER, "9.2.1"),
            ("cmake", "3.13.4"),
            ("ninja", "1.8.2"),
        )
    ),
    (
        "a compiler that fails",
        lambda f: fake(f, COMPILER, "#!/bin/sh\nexit 1\n"),
        (COMPILER, "does not tell its version"),
    ),
    (
        "a cmake that is no program",
        lambda f: fake(f, "cmake", "\x00\x01"),
        ("cmake", "does not tell its version"),
    ),
    (
        "no newlib",
        lambda f: fake(f, COMPILER, without("libc.a")),
        (COMPILER, "no libc.a", "libnewlib"),
    ),
    (
        "no libstdc++",
        lambda f: fake(f, COMPILER, without("libstdc++.a")),
        ("no libstdc++.a", "libstdc++-arm"),
    ),
]


@pytest.mark.parametrize(
    ("spoil", "said"), [pytest.param(spoil, said, id=name) for name, spoil, said in TOOLS]
)
def test_a_tool_that_is_missing_or_unfit(
    desk: Desk, tools: Path, spoil: Callable[[Path], None], said: tuple[str, ...]
) -> None:
    spoil(tools)
    done = desk.sync("roll", "--upstream", "base", "--until", "build", env={"PATH": str(tools)})
    done.refused(Exit.ENVIRONMENT, *said, "sync doctor")
    assert desk.outputs() == desk.good


def test_an_old_git(desk: Desk, tools: Path) -> None:
    version = 'if [ "$1" = version ]; then echo git version 2.30.2; exit; fi'
    fake(tools, "git", f'#!/bin/sh\n{version}\nexec {shutil.which("git")} "$@"\n')
    done = desk.sync("roll", "--upstream", "base", env={"PATH": str(tools)})
    done.refused(Exit.ENVIRONMENT, "git is 2.30.2, needed is 2.39", "apt-get install git")
    assert desk.outputs() == desk.good


def test_without_git(desk: Desk, tools: Path) -> None:
    (tools / "git").unlink()
    done = desk.sync("roll", "--upstream", "base", env={"PATH": str(tools)})
    done.refused(Exit.ENVIRONMENT, "git", "install")
    assert desk.outputs() == desk.good


def of_version(folder: Path, version: str) -> None:
    numbers = dict(zip(("MAJOR", "MINOR", "REVISION"), version.split("."), strict=True))
    lines = (f"set(PICO_SDK_VERSION_{part} {number})\n" for part, number in numbers.items())
    (folder / "pico_sdk_version.cmake").write_text("".join(lines))


SDKS: list[tuple[str, Callable[[Path], object], tuple[str, ...]]] = [
    ("not there", lambda folder: folder.rmdir(), ("was not found", "PICO_SDK_PATH is")),
    ("a file", lambda folder: (folder.rmdir(), folder.write_text("")), ("is no folder",)),
    ("no SDK", lambda folder: None, ("is no pico-sdk",)),
    (
        "an older one",
        lambda folder: of_version(folder, "1.5.1"),
        ("is 1.5.1; the port wants 2.1.1",),
    ),
]


@pytest.mark.parametrize(("spoil", "said"), [pytest.param(s, t, id=n) for n, s, t in SDKS])
def test_an_sdk_that_is_none_or_another(
    desk: Desk, tmp_path: Path, spoil: Callable[[Path], object], said: tuple[str, ...]
) -> None:
    folder = tmp_path / "sdk"
    folder.mkdir()
    spoil(folder)
    done = desk.sync(
        "roll", "--upstream", "base", "--until", "build", env={"PICO_SDK_PATH": str(folder)}
    )
    done.refused(Exit.ENVIRONMENT, str(folder), *said, "ci/pico-sdk", "PICO_SDK_PATH")
    assert desk.outputs() == desk.good


def test_without_an_sdk_anywhere(desk: Desk) -> None:
    done = desk.sync("roll", "--upstream", "base", "--until", "build", env={"PICO_SDK_PATH": None})
    done.refused(Exit.ENVIRONMENT, "pico-sdk 2.1.1 was not found", "ci/pico-sdk")


# ---- disks


def can_mount() -> list[str]:
    """How to get a mount namespace here; empty if there is no way."""
    for words in (["unshare", "-m"], ["unshare", "-Urm"]):
        try:
            tried = subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
        except FileNotFoundError:
            return []
        if tried.returncode == 0:
            return words
    return []


def short(
    desk: Desk,
    place: Path,
    how: str,
    stage: str,
    ref: str,
    until: str = "publish",
    env: Mapping[str, str] = {},
) -> Done:
    """A roll to `ref` on a machine that is short of something; then one to `base`, which passes."""
    words = [] if how == "limit" else can_mount()
    if not words and how != "limit":
        pytest.skip("no mount namespace can be had here; see the tests with a limit on files")
    script = str(Path(__file__).with_name("short_of.py"))
    mirrors = ("--mirrors", str(desk.mirrors))
    done = subprocess.run(
        [
            *(*words, sys.executable, script, str(place), how, stage),
            *("roll", *mirrors, "--upstream", ref, "--until", until),
        ],
        cwd=desk.file.parent,
        env={**desk.environment, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr.rstrip().endswith(f"status {done.returncode}, then 0"), done
    return Done(done.returncode, done.stdout, done.stderr, None)


def told(done: Done, *said: str) -> None:
    everything = done.out + done.err
    assert done.status == Exit.ENVIRONMENT, everything
    assert "Traceback" not in everything and "This is a bug" not in everything
    assert "Next: " in done.out or "→ " in done.err, everything
    for part in said:
        assert part in everything, everything


FULL = "No space left on device"
READ_ONLY = "Read-only file system"


@pytest.mark.parametrize("stage", ["-", "resolve", "rebase", "tree", "build", "bench", "report"])
def test_the_disk_of_the_state_is_full(desk: Desk, stage: str) -> None:
    """Journal, checkout, tree, build, results, report and proposal: each finds it full once."""
    done = short(desk, desk.state, "full", stage, "clean-move")
    told(done, FULL, str(desk.state))
    assert desk.outputs() == desk.good  # it all happened in a file system of its own


@pytest.mark.parametrize(("how", "said"), [("full", FULL), ("read-only", READ_ONLY)])
def test_the_cache_cannot_take_a_clone(desk: Desk, tmp_path: Path, how: str, said: str) -> None:
    clones = tmp_path / "syncer" / "clones"
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    done = short(desk, clones, how, "-", "clean-move", "resolve", env)
    told(done, said, str(clones))


def test_a_cache_that_cannot_be_written_is_told_even_if_nothing_is_to_be_fetched(
    desk: Desk,
) -> None:
    """Clones are shared: who reads them holds them, and that needs a lock."""
    cache = desk.world.folder / "cache"
    told(short(desk, cache, "read-only", "-", "base"), READ_ONLY, "Make that folder writable")


@pytest.mark.parametrize("stage", ["-", "bench"])
def test_no_file_may_grow(desk: Desk, stage: str) -> None:
    done = short(desk, desk.state, "limit", stage, "base")
    told(done, "File too large", str(desk.state))


@pytest.mark.parametrize("whole", [False, True])
def test_the_port_cannot_be_written(desk: Desk, whole: bool) -> None:
    place = desk.root if whole else desk.state
    done = short(desk, place, "read-only", "-", "base")
    told(done, READ_ONLY, str(place))


# ---- a user without a home


def test_without_home_the_system_knows_it(desk: Desk) -> None:
    env = {"HOME": None, "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None}
    assert desk.sync("roll", "--upstream", "base", "--until", "rebase", env=env).status == Exit.OK


def test_a_user_whom_the_system_does_not_know(desk: Desk, tmp_path: Path) -> None:
    """As in a container that is given a number for a user: no home, no name."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    port = tmp_path / "port.toml"
    port.write_bytes(desk.file.read_bytes().replace(b'root = "../.."', b'root = "."'))
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (tmp_path / ".sync").mkdir(mode=0o777)
    (tmp_path / ".sync").chmod(0o777)
    nobody = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "SYNC_MIRRORS"))
    done = desk.sync(
        *("roll", "--port", str(port), "--json", "/dev/null"),
        env={**nobody, "XDG_CONFIG_HOME": None},
        cwd=tmp_path,
        before=("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"),
    )
    assert done.status == Exit.ENVIRONMENT, done
    assert "no home folder" in done.err and "XDG_CACHE_HOME" in done.err
    assert not (tmp_path / "~").exists()


# ---- what is asked for on the command line


@pytest.mark.parametrize("place", ["gone/status.json", ".", "port.toml/status.json"])
def test_the_status_document_has_nowhere_to_go(desk: Desk, place: str) -> None:
    """It is said before the roll, not after."""
    file = desk.file.parent / place
    before = (desk.state / "status.json").read_bytes()
    done = desk.sync("roll", "--upstream", "base", "--json", str(file))
    done.refused(Exit.BAD_INPUT, "--json", str(file))
    assert (desk.state / "status.json").read_bytes() == before


def test_the_status_document_meets_a_full_disk(desk: Desk) -> None:
    done = desk.sync("roll", "--upstream", "base", "--until", "rebase", "--json", "/dev/full")
    assert done.status == Exit.ENVIRONMENT
    assert "sync: cannot write /dev/full: No space left on device" in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"", "has 0 bytes"), (bytes(16), "16384")],
)
def test_a_wrong_boot_rom(desk: Desk, tmp_path: Path, content: bytes | None, said: str) -> None:
    rom = tmp_path / "rom"
    if content is not None:
        rom.write_bytes(content)
    for file in (rom, tmp_path):
        done = desk.sync("roll", "--upstream", "base", "--bootrom", str(file))
        done.refused(Exit.BAD_INPUT, str(file), said if file == rom else "boot ROM")
        assert done.document is None  # nothing was begun
    assert desk.outputs() == desk.good


def test_the_port_may_be_named_by_its_folder(desk: Desk, tmp_path: Path) -> None:
    for name in (desk.file, desk.file.parent):
        assert desk.sync("status", "--port", str(name), cwd=tmp_path).status == Exit.OK
    for name, said in ((tmp_path, "no port/port.toml"), (tmp_path / "gone", "No such file")):
        done = desk.sync("status", "--port", str(name), cwd=tmp_path)
        done.refused(Exit.BAD_INPUT, str(name), said)


USAGE = [
    (["statsu"], "'status'"),
    (["rolll"], "'roll'"),
    (["xyzzy"], "There are: roll"),
    (["roll", "--untill", "tree"], "'--until'"),
    (["roll", "--until", "tre"], "'tree'"),
    (["roll", "--target", "emulatr"], "emulator"),
    (["roll", "extra"], "extra"),
    (["status", "--jsn"], "'--json'"),
    (["--no-such-thing"], "No such option"),
    (["--port"], "argument"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE)
def test_wrong_usage_says_what_was_meant(desk: Desk, arguments: list[str], said: str) -> None:
    done = desk.sync(*arguments)
    assert done.status == Exit.USAGE, done
    assert said in done.err and "Traceback" not in done.err


# ---- terminals and pipes

ROLL = ("roll", "--upstream", "base", "--until", "rebase")
ODD: list[dict[str, str | None]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "xx_YY.nonsense"},
    {"COLUMNS": "1", "LINES": "1"},
    {"COLUMNS": "20"},
    {"TERM": None},
    {"TERM": "nonsense", "FORCE_COLOR": "1"},
    {"NO_COLOR": "1", "FORCE_COLOR": "1"},
]


@pytest.mark.parametrize("env", ODD, ids=str)
def test_odd_terminals(desk: Desk, env: dict[str, str | None]) -> None:
    done = desk.sync(*ROLL, env=env)
    assert done.status == Exit.OK, done
    desk.change("ci/miniature/port.toml", "[publish]", "[publsih]")
    done = desk.sync(*ROLL, env=env)
    done.refused(Exit.BAD_INPUT, "publsih", "publish")


def test_no_color_is_heeded(desk: Desk) -> None:
    colours = desk.sync(*ROLL, env={"FORCE_COLOR": "1"}).out
    assert "\x1b[3" in colours
    plain = desk.sync(*ROLL, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out
    assert "\x1b[3" not in plain


def shell(desk: Desk, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=desk.file.parent,
        env=desk.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("tflm-sync roll --upstream base -v | head -1", 0),
        ("tflm-sync roll --upstream base -v | true", 0),
        ("tflm-sync roll --upstream base 2>&1 | true", 0),
        ("tflm-sync roll --upstream conflict | true", 10),
        ("tflm-sync roll --upstream base >&-", 0),
        ("tflm-sync roll --upstream base >&- 2>&-", 0),
        ("tflm-sync roll --upstream base <&-", 0),
        ("tflm-sync status --json | head -c 1", 0),
        ("tflm-sync --help | true", 0),
        ("tflm-sync status --json > /dev/full", 15),
        ("tflm-sync roll --upstream base > /dev/full", 15),
        ("tflm-sync roll --upstream conflict > /dev/full", 10),
    ],
)
def test_nobody_reads_the_output(desk: Desk, line: str, status: int) -> None:
    """A roll goes on and ends with its own status; lost output is no success."""
    done = shell(desk, line)
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    if status == Exit.ENVIRONMENT:
        assert "cannot write standard output: No space left on device" in done.stderr
    if "roll" in line and status != Exit.CONFLICT:
        assert desk.run("status", "--port", str(desk.file)).status == Exit.OK
        assert desk.outputs() == desk.good


# ---- a bug


def test_a_bug_says_where_it_is_written_down(desk: Desk, tmp_path: Path) -> None:
    """Something breaks that should not: in a stage, so that the status document tells too."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import syncer.stages.queue as queue\n"
        "def broken(*_, **__): raise ZeroDivisionError('oops')\n"
        "import syncer.stages; syncer.stages.check_rebase = broken\n"
    )
    env = {"PYTHONPATH": str(site), "XDG_STATE_HOME": str(tmp_path / "state")}
    done = desk.sync(*ROLL, env=env)
    assert done.status == Exit.BUG, done
    (log,) = (tmp_path / "state").rglob("*.log")
    assert str(log) in done.err and "ZeroDivisionError: oops" in log.read_text()
    assert "Traceback" not in done.out + done.err
    assert done.document and done.document["exit"] == Exit.BUG
    assert done.document["verdict"] == "bug"
    # Where the usual folder cannot be written, it is another that is named.
    (tmp_path / "file").write_text("")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    env |= {"XDG_STATE_HOME": str(tmp_path / "file"), "TMPDIR": str(temporary)}
    done = desk.sync(*ROLL, env=env)
    assert done.status == Exit.BUG, done
    (log,) = temporary.glob("*.log")
    assert str(log) in done.err and f"{tmp_path / 'file'}" in done.err
    assert desk.outputs() == desk.good
