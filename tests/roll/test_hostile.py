"""A roll onto an upstream that means harm: what it can make us execute, and when."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import Silent, World, make_world

from syncer import foreign, stages
from syncer.cli.app import run
from syncer.errors import Exit
from syncer.foreign import sandbox as ways
from syncer.git import blob_id
from syncer.journal import Journal
from syncer.model import PatchVerdict, Roll, Verdict
from syncer.pipeline import Outcome, roll
from syncer.report.render import markdown
from syncer.report.status import status_document

MAKEFILE = "tensorflow/lite/micro/tools/make/Makefile"
# Every setting of git's through which a repository names a program to run.
SETTINGS = (
    *("core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.editor", "core.pager"),
    *("core.alternateRefsCommand", "core.askPass", "credential.helper", "diff.external"),
    *("uploadpack.packObjectsHook", "gpg.program", "sequence.editor", "merge.tool"),
    *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process"),
    *("diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "trailer.evil.command"),
)
HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "commit-msg"),
    *("post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive"),
    *("update", "proc-receive", "post-receive", "post-update", "reference-transaction"),
    *("push-to-checkout", "pre-auto-gc", "post-rewrite", "post-index-change", "fsmonitor-watchman"),
)
ATTRIBUTES = "* filter=evil diff=evil merge=evil text eol=crlf ident export-subst\n"
MODULES = """\
[submodule "evil"]
    path = evil
    url = ext::sh -c "touch MARKS/submodule"
    update = !touch MARKS/submodule
"""


IDENTITY = {
    f"GIT_{who}_{what}": "a@example.invalid"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def git(repository: Path, *arguments: str, given: str | None = None) -> str:
    index = {"GIT_INDEX_FILE": str(repository / "an-index")}
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        input=given,
        env={**os.environ, **IDENTITY, **index},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def poison(repository: Path, marks: Path, files: dict[str, tuple[str, str]]) -> None:
    """Give the repository hooks and settings that leave marks, and its main branch a commit with
    `files`: path -> (mode, content; of a gitlink the commit)."""
    for setting in SETTINGS:
        subprocess.run(["git", "-C", str(repository), "config", "--unset", setting], check=False)
    git(repository, "read-tree", "main")
    for path, (mode, content) in files.items():
        id = content
        if mode != "160000":
            id = git(repository, "hash-object", "-w", "--no-filters", "--stdin", given=content)
        git(repository, "update-index", "--add", "--cacheinfo", f"{mode},{id},{path}")
    tree = git(repository, "write-tree")
    commit = git(repository, "commit-tree", tree, "-p", "main", "-m", "A present")
    git(repository, "update-ref", "refs/heads/main", commit)

    program = marks.parent / "evil"
    program.write_text(f'#!/bin/sh\ntouch "{marks}/${{0##*/}}-$$"\ncat\n')
    program.chmod(0o755)
    (repository / "hooks").mkdir(exist_ok=True)
    for hook in HOOKS:
        if not (repository / "hooks" / hook).exists():
            (repository / "hooks" / hook).symlink_to(program)
    for setting in SETTINGS:
        git(repository, "config", setting, str(program))
    for mark in marks.iterdir():
        mark.unlink()  # of what was just done by plain git


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def hostile(tmp_path: Path, marks: Path) -> World:
    world = make_world(tmp_path / "world")
    files = {
        ".gitattributes": ("100644", ATTRIBUTES),
        ".gitmodules": ("100644", MODULES.replace("MARKS", str(marks))),
        "evil": ("160000", "1" * 40),
        "Makefile": ("100644", f"$(shell touch {marks}/makefile)\n"),
    }
    poison(world.upstream / "cmsis-nn.git", marks, {".gitattributes": ("100644", ATTRIBUTES)})
    poison(world.upstream / "tflite-micro.git", marks, files)
    return world


def left(marks: Path) -> list[str]:
    return sorted(path.name for path in marks.iterdir())


def test_the_traps_are_real(hostile: World, marks: Path, tmp_path: Path) -> None:
    """An innocent checkout falls into them; otherwise the next test would show nothing."""
    repository = hostile.upstream / "tflite-micro.git"
    work = tmp_path / "work"
    work.mkdir()
    for driver in ("filter.evil.process", "core.fsmonitor"):  # git waits for their protocol
        subprocess.run(["git", "-C", str(repository), "config", "--unset", driver], check=True)
    git(repository, "config", "core.bare", "false")
    git(repository, f"--work-tree={work}", "checkout", "-f", "main")
    assert any(mark.startswith("post-checkout") for mark in left(marks))
    assert any(mark.startswith("evil") for mark in left(marks))  # the smudge filter


def test_resolve_and_rebase_execute_nothing_of_upstreams(hostile: World, marks: Path) -> None:
    outcome = hostile.roll(until="rebase")
    assert outcome.error is None, outcome.error
    assert outcome.roll.rebased is not None
    verdicts = {patch.verdict for patch in outcome.roll.rebased.patches}
    assert PatchVerdict.MERGED in verdicts  # a merge, which asks for a merge driver
    assert left(marks) == []


def test_from_tree_on_what_is_executed_is_confined(hostile: World, marks: Path) -> None:
    """make reads upstream's makefile, which now leaves a mark where it can; the tree and its
    digest are what they are without attributes, submodules and drivers."""
    outcome = hostile.roll(until="tree")
    assert outcome.error is None, outcome.error
    assert left(marks) == []

    repository = hostile.upstream / "tflite-micro.git"
    makefile = git(repository, "show", f"main:{MAKEFILE}")
    evil = f"$(shell touch {marks}/listing)\n"
    poison(repository, marks, {MAKEFILE: ("100644", f"{makefile}\n{evil}")})
    outcome = hostile.roll(until="tree")
    tree = outcome.roll.tree
    if foreign.choose().protection.files:
        assert outcome.error is not None and outcome.error.exit is Exit.BUILD
        assert "cannot touch" in outcome.error.detail
        assert left(marks) == []
    else:
        assert tree is not None and tree.protection is not None
        assert tree.protection.name == "environment only"
        assert left(marks) == ["listing"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../outside"])
def test_a_link_that_leads_out_is_refused(hostile: World, marks: Path, target: str) -> None:
    link = {"tensorflow/lite/micro/link.h": ("120000", target)}
    poison(hostile.upstream / "tflite-micro.git", marks, link)
    outcome = hostile.roll(until="tree")
    assert outcome.error is not None
    assert outcome.error.exit is Exit.BAD_INPUT
    assert "link.h" in outcome.error.message
    assert hostile.verdicts(outcome.roll)["rebase"] == "passed"
    assert left(marks) == []


def test_required_is_not_met_by_what_was_made_without(
    fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def under(mode: str) -> Outcome:
        return roll(fresh.port, replace(fresh.order(until="tree"), sandbox=mode), Silent())

    def cached(done: Roll) -> bool:
        return next(record.cached for record in done.stages if record.name == "tree")

    loose = under("off").roll
    assert loose.tree is not None and loose.tree.protection is not None
    assert loose.tree.protection.name == "environment only"
    body = markdown(status_document(loose))
    assert "ran under environment only: it could use the network, read your files" in body
    assert "Upstream's code was not confined" in body

    (best, *_), refused = foreign.all_sandboxes()
    if best.protection.whole:
        strict = under("required").roll
        assert strict.tree is not None and strict.tree.protection == best.protection
        assert not cached(strict)
        assert strict.tree.digest == loose.tree.digest
        assert cached(under("required").roll) and cached(under("auto").roll)

    # On a machine that cannot.
    weak = foreign.choose("off")
    monkeypatch.setattr(ways, "all_sandboxes", lambda: ((weak,), refused))
    outcome = under("required")
    assert outcome.error is not None and outcome.error.exit is Exit.ENVIRONMENT
    assert fresh.verdicts(outcome.roll)["tree"] == Verdict.ENVIRONMENT
    assert "apt-get install bubblewrap" in outcome.roll.hint


def test_where_the_kernel_allows_no_namespaces(fresh: World, tmp_path: Path) -> None:
    """As in most containers: an ordinary user, and none of the kernel's means."""
    mirrors = tmp_path / "mirrors.toml"
    lines = "".join(f'"{url}" = "{place}"\n' for url, place in fresh.order().mirrors.items())
    mirrors.write_text(f"[mirrors]\n{lines}")

    def sync(mode: str) -> subprocess.CompletedProcess[str]:
        roll = [sys.executable, "-m", "syncer", "roll", "--until", "tree", "--sandbox", mode]
        roll += ["--port", str(fresh.port.file), "--mirrors", str(mirrors)]
        script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
        drop = ["setpriv", "--inh-caps", "-all", "--ambient-caps", "-all", "--bounding-set", "-all"]
        enter = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps"]
        return subprocess.run(
            [*enter, "sh", "-c", script, "sh", *drop, *roll],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )

    strict = sync("required")
    if "unshare" in strict.stderr and strict.returncode == 1:
        pytest.skip(strict.stderr)
    assert strict.returncode == Exit.ENVIRONMENT, strict.stderr
    assert "upstream's code cannot be confined on this machine" in strict.stdout + strict.stderr
    assert "No space left on device" in strict.stderr  # the kernel's word for: no more of them
    loose = sync("auto")
    assert loose.returncode == Exit.OK, loose.stderr
    last = Journal(fresh.port.state).last_roll()
    assert last is not None and last.tree is not None and last.tree.protection is not None
    assert last.tree.protection.name == "environment only"


PROFILER = "tensorflow/lite/micro/micro_profiler.h"
PATCHES = "ci/miniature/patches/tflite-micro"


def test_a_conflict_is_laid_out_and_taken_in_without_executing_anything(
    hostile: World, marks: Path
) -> None:
    """Attributes, drivers, hooks and settings of upstream's are in the worktree's reach now."""
    repository = hostile.upstream / "tflite-micro.git"
    theirs = git(repository, "show", f"main:{PROFILER}").replace("= 4096;", "= 8192;") + "\n"
    folder = PROFILER.rpartition("/")[0]
    files = {PROFILER: ("100644", theirs), f"{folder}/.gitattributes": ("100644", ATTRIBUTES)}
    poison(repository, marks, files)
    outcome = hostile.roll(until="rebase")
    assert outcome.error is not None and outcome.error.exit is Exit.CONFLICT, outcome.error
    assert left(marks) == []
    (worktree,) = stages.open_worktrees(hostile.port)
    config = (worktree.work / ".git" / "config").read_text()
    assert "evil" not in config and not (worktree.work / ".git" / "hooks").exists()
    text = (worktree.work / PROFILER).read_text()
    head, _, rest = text.partition("<<<<<<< upstream\n")
    ours = "  static constexpr int kMaxEvents = TFLM_PROFILER_MAX_EVENTS;\n"
    resolved = head + ours + rest.partition(">>>>>>> the patch\n")[2]
    (worktree.work / PROFILER).write_text(resolved)
    # Even one whose settings someone has got at since.
    for setting in SETTINGS:
        git(worktree.work, "config", setting, str(marks.parent / "evil"))
    assert run(["continue", "--port", str(hostile.port.file)]) == Exit.OK
    assert left(marks) == []


def add_patch(world: World, sections: str) -> None:
    mail = f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: A <a@example.com>\n"
    mail += "Date: Mon, 12 Jan 2026 09:00:00 +0000\nSubject: [PATCH] A present\n\n"
    world.at(f"{PATCHES}/0002-present.patch").write_text(mail + sections)
    series = world.at(f"{PATCHES}/series")
    series.write_text(series.read_text() + "0002-present.patch\n")


def section(path: str, content: str = "x\n", mode: str = "100644") -> str:
    blob = blob_id(content.encode())
    end = "" if content.endswith("\n") else "\n\\ No newline at end of file\n"
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\nindex {'0' * 40}..{blob}\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{content}{end}"
    )


HOOK = "#!/bin/sh\n"


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (section("../outside"), "unsafe path"),
        (section("/tmp/outside"), "unsafe path"),
        (section(".git/hooks/pre-commit", HOOK, "100755"), "unsafe path"),
        (section("a/.GIT/config"), "unsafe path"),
        (section("a/git~1/config"), "unsafe path"),
        (section("a/.g\u200cit/config"), "unsafe path"),
        (section("Tensorflow/lite/x.h"), "only in case"),
        (section("tensorflow/lite/micro/Micro_Profiler.h"), "only in case"),
        (section("link", "/etc", "120000") + section("link/passwd"), "lies below link"),
        (section("evil", mode="160000"), "mode 160000"),
    ],
)
def test_where_a_patch_may_not_write(fresh: World, sections: str, said: str) -> None:
    add_patch(fresh, sections)
    outcome = fresh.roll("base", until="tree")
    assert outcome.error is not None
    assert outcome.error.exit in (Exit.BAD_INPUT, Exit.CONFLICT, Exit.BUILD)
    assert said in outcome.error.message + outcome.error.detail
    assert not (fresh.folder / "outside").exists() and not Path("/tmp/outside").exists()


def test_a_patchs_link_that_leads_out_is_never_written_through(fresh: World) -> None:
    outside = fresh.folder / "secret"
    outside.mkdir()
    add_patch(fresh, section("tensorflow/lite/micro/out", str(outside), "120000"))
    outcome = fresh.roll("base", until="tree")
    assert outcome.error is not None and "out" in outcome.error.message
    assert list(outside.iterdir()) == []
