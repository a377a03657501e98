"""docs/cookbook.md: a terminal session for each thing that upstream does to a queue.

The sessions are run, in a shell, on a copy of the miniature's port; what is written down is what
they printed, without what differs from run to run (seconds, folders).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "cookbook.md"
PARTS = ("ci/miniature/port.toml", "ci/miniature/sync.lock", "ci/miniature/sync.sizes")
PARTS += ("ci/miniature/patches", "port/rp2040", "port/templates")
WORK = ".sync/miniature/conflict/tflite-micro/work"
FILE = "tensorflow/lite/micro/micro_profiler.h"
KEEP_OURS = (
    f"cd {WORK} && sed -i -e '/^<<<<<<< /d' -e '/^||||||| /,/^=======$/d' -e '/^>>>>>>> /d' "
    f"-e '/kMaxEvents = 8192/d' {FILE}"
)

HEAD = """# Cookbook

What upstream does to a queue of patches and overrides, and what you do then. Each session is a real
one on the miniature upstream (`ci/miniature`), written here by `ci/cookbook`; `--until rebase`
leaves out the stages that do not matter to it. `...` stands for what differs from run to run.
"""


@dataclass(frozen=True)
class Session:
    """`commands` are run one after the other, in a port's folder that is fresh for each session;
    after one that ends with another status than 0, the status is written down."""

    name: str
    before: str
    commands: tuple[str, ...]
    after: str = ""


SESSIONS = (
    Session(
        "Upstream absorbed a patch",
        "Upstream now has, to the byte, what a patch of the queue did. The patch leaves the queue "
        "with the next acceptance; there is nothing to do.",
        ("sync --upstream absorbed --until rebase", "sync queue list"),
        "The report lists the patch as absorbed. It is still in the queue: a roll changes nothing "
        "of yours until you accept it.",
    ),
    Session(
        "A patch conflicts",
        "Upstream changed the lines that a patch changes. The roll stops, names the upstream "
        "commit, and leaves a worktree with the conflict.",
        (
            "sync --upstream conflict --until rebase",
            f"cd {WORK} && grep -n '<<<<<<<\\|>>>>>>>' {FILE}",
            KEEP_OURS,
            "sync continue",
        ),
        "Edit the file as you would in any merge (here `sed` keeps our side); `sync continue` "
        "takes it in. `sync skip` goes on without the patch, `sync abort` gives up.",
    ),
    Session(
        "A resolution is replayed",
        "What was resolved once is recorded, so the next roll over the same commit (here, or in "
        "CI once it is committed) does not ask again.",
        (
            "sync --upstream conflict --until rebase > /dev/null",
            KEEP_OURS,
            "sync continue > /dev/null",
            "sync --upstream conflict --until rebase",
            "find .sync/miniature/resolutions -type f",
        ),
        "The record holds blob ids and your own lines, none of upstream's.",
    ),
    Session(
        "A file under an override changed",
        "An override replaces a whole file and names the upstream blob that it was written "
        "against. Upstream changed that file: a person has to look at it once.",
        ("sync --upstream shadowed-changed --until rebase",),
        "`sync overrides accept` keeps your file as it is, `sync overrides merge` brings "
        "upstream's change into it; then `sync continue`.",
    ),
    Session(
        "Upstream renamed a file",
        "A patch follows a rename by itself. An override does not: upstream may have moved only "
        "part of the code, so the roll says where it probably is.",
        (
            "sync --upstream renamed --until rebase",
            "sync --upstream renamed-shadowed --until rebase",
        ),
        "`sync overrides accept PATH --moved-to NEW` follows it.",
    ),
    Session(
        "Upstream's newest commit does not pass",
        "Rather than wait for upstream or for yourself, go as far as it is good.",
        ("sync --newest-good --upstream conflict --until rebase",),
        "The same for commits that do not build, fail a test or are over a gate.",
    ),
)


def prepare(folder: Path) -> Path:
    """The miniature's histories and a mirrors table in `folder`; the table."""
    subprocess.run(
        [sys.executable, str(ROOT / "ci/miniature/history.py"), str(folder / "upstream")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    table = folder / "mirrors.toml"
    lines = (
        f'"https://miniature.invalid/{name}" = "upstream/{name}.git"\n'
        for name in ("tflite-micro", "cmsis-nn")
    )
    table.write_text("[mirrors]\n" + "".join(lines))
    return table


def run(session: Session, folder: Path, mirrors: Path) -> str:
    """What the session prints, with its commands."""
    port = folder / "port"
    shutil.rmtree(port, ignore_errors=True)
    for part in PARTS:
        source, target = ROOT / part, port / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
        "SYNC_MIRRORS": str(mirrors),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    # The port's state lies at its root, where the sessions look for it.
    (port / "ci/miniature/.sync").symlink_to(port / ".sync")
    lines = []
    for command in session.commands:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=port / "ci" / "miniature",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines += [f"$ {command}", *plain(done.stdout, folder).splitlines()]
        if done.returncode:
            lines.append(f"(ends with {done.returncode})")
    return "\n".join(lines)


def plain(text: str, folder: Path) -> str:
    """Without what differs from run to run."""
    text = text.replace(f"{folder}/port/", "").replace(str(folder), "~")
    text = re.sub(r"\d+\.\d s\b", lambda time: "... s".rjust(len(time[0])), text)
    text = re.sub(r"\b\d+ (day|month|year)s?( old)?\b", "... old", text)
    text = re.sub(
        r"(resolved by )[^<\n]*<[^>\n]*>, [^\n]*\d{4}", r"\1You <you@example.com>, ...", text
    )
    return "\n".join(line.rstrip() for line in text.splitlines())


def section(text: str, name: str) -> str:
    """A session's part of the page."""
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def page(folder: Path) -> str:
    """The whole page."""
    mirrors = prepare(folder)
    parts = [HEAD]
    for session in SESSIONS:
        parts.append(f"\n## {session.name}\n\n{fill(session.before, 100)}\n\n```console\n")
        parts.append(run(session, folder, mirrors) + "\n```\n")
        parts.append(f"\n{fill(session.after, 100)}\n" if session.after else "")
    return "".join(parts)


def key_lines(text: str) -> list[str]:
    """The lines that say what happened: the headings, the commands, how each ended, and where
    commits or patches are named. Which ids those have does not count: they change whenever the
    miniature does."""
    wanted = re.compile(r"^## |^\$ |^\(ends with |\b[0-9a-f]{12}\b|\.patch\b")
    lines = [line for line in text.splitlines() if wanted.search(line)]
    return [re.sub(r"\b[0-9a-f]{12,40}\b", "<id>", line) for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the page is true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = page(Path(folder).resolve())
    if options.check:
        return int(key_lines(text) != key_lines(PAGE.read_text(encoding="utf-8")))
    PAGE.write_text(text, encoding="utf-8")
    print(f"written {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
