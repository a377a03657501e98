"""How fast the patch queue is rebased in memory, beside `git am -3`.

    ci/bench queue [--json] [--repeat N]

In repositories of the bench's own: 1,837 files of text in 154 folders, as many as tflite-micro had
at 90b983c2b3f1 (CMSIS-NN has 4,187): what both take depends on the size of upstream's tree. On it
are 300 upstream commits that each change three files, and a queue of 20 patches (200), most of
which have to be merged three-way. The clone is packed, as a fetched one is.

    am_20_ms, am_200_ms      `git am -3` of the queue in a work tree of upstream's newest commit
    rebase_20_ms, ..._200_ms the same in memory, with git's merge-tree
    ratio_git_am             am_20_ms / rebase_20_ms
    ratio_git_am_200         am_200_ms / rebase_200_ms
    replay_20_ms, ..._200_ms `git replay` alone of the queue, kept as commits; git 2.44 has it
    ratio_replay             am_20_ms / replay_20_ms, else null; ratio_replay_200
    check_ms                 the queue of 20, looked at again with nothing changed, all of it
    status_ms                and of that the processor's time that is our own, git's not counted
    ..._cpu_ms, cpu_ratio_...
                             the same in the processor's time, git's included: on a machine that is
                             busy with something else, what the clock says is of that

Each is the least of several runs, taken in turns. The resulting trees are compared: they must be
equal. SYNC_BENCH_GIT names a folder with another `git`, which is then used for all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from syncer.git import Repository, init_bare
from syncer.queue.mail import Patch, create_patch, encode, parse_patch
from syncer.queue.rebase import rebase_component
from syncer.queue.stack import commits, stack

FILES, FOLDERS, LINES, COMMITS = 1837, 154, 120, 300
AUTHOR, DATE = "A <a@example.com>", "1700000000 +0000"
Text = list[str]


class World:
    """Upstream's history, and a queue on its first commit that goes onto its last."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.clone = init_bare(folder / "clone.git")
        self.files = {
            f"{place(n % FOLDERS)}/file{n}.c": [f"int line_{n}_{i} = {i};\n" for i in range(LINES)]
            for n in range(FILES)
        }
        self.writer = self.clone.tree_writer(None)
        self.base = self.commit(None, {path: self.blob(text) for path, text in self.files.items()})
        self.first = {path: list(text) for path, text in self.files.items()}
        self.target = self.base
        paths = sorted(self.files)
        for number in range(COMMITS):
            changes = {}
            for path in self.random.sample(paths, 3):
                # The upper half is upstream's, the lower the queue's: nothing conflicts.
                self.files[path].insert(self.random.randrange(50), f"int up_{number};\n")
                changes[path] = self.blob(self.files[path])
            self.target = self.commit(self.target, changes)
        self.work = folder / "work"
        subprocess.run(["git", "init", "-q", str(self.work)], check=True)
        alternates = self.work / ".git/objects/info/alternates"
        alternates.write_text(f"{self.clone.path}/objects\n")
        self.clone.run(["update-ref", "refs/heads/upstream", self.target])
        self.clone.run(["repack", "-adq"])

    def blob(self, text: Text) -> tuple[str, str]:
        return "100644", self.clone.write_blob("".join(text).encode())

    def commit(self, parent: str | None, changes: dict[str, tuple[str, str]]) -> str:
        tree = self.clone.write_tree(parent, dict(changes))
        return self.clone.commit_tree(tree, [parent] if parent else [], "A change", AUTHOR, DATE)

    def queue(self, count: int) -> list[Patch]:
        """Patches to the lower half of two files each, some to one that another changes too."""
        now, tree, patches = {p: list(t) for p, t in self.first.items()}, self.base, []
        paths = sorted(now)[: count * 2]
        for number in range(count):
            changes = {}
            for path in self.random.sample(paths, 2):
                text = now[path]
                text.insert(len(text) - self.random.randrange(40), f"int ours_{number};\n")
                changes[path] = self.blob(text)
            new = self.commit(tree, changes)
            mail = create_patch(
                self.clone, tree, new, subject=f"Change {number}", author=AUTHOR, date=DATE
            )
            patches.append(parse_patch(encode(mail), "upstream", f"{number:04}.patch"))
            tree = new
        return patches

    def has_replay(self) -> bool:
        return self.plain("replay", "-h", check=False).startswith("usage")

    def stack(self, patches: list[Patch]) -> None:
        """Keep the queue as commits, packed as what a clone has."""
        tip = commits(self.clone, stack(self.clone, patches, self.base), self.base)[-1]
        self.clone.run(["update-ref", "refs/heads/stack", tip])
        self.clone.run(["repack", "-adq"])

    def replay(self, trees: list[str]) -> None:
        span = [self.target, f"{self.base}..stack"]
        update = self.plain(f"--git-dir={self.clone.path}", "replay", "--onto", *span)
        _, _, new, old = update.split()
        assert new != old
        trees.append(new)

    def plain(self, *arguments: str, check: bool = True) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.com"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.work, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode and check:
            sys.exit(f"git {' '.join(arguments)} failed: {done.stderr}")
        return done.stdout.strip()


def place(number: int) -> str:
    """The path of a folder, by its number from 0: three in each folder, up to five deep."""
    return f"{place((number - 1) // 3)}/part{number}" if number else "lib"


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of the processor: ours and that of the children."""
    before, started = times(), time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000, (times() - before) * 1000


def times() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(who) for who in whose]
    return sum(item.ru_utime + item.ru_stime for item in used)


def measure(repeat: int) -> dict[str, float | None]:
    found: dict[str, float] = {}

    def take(name: str, value: tuple[float, float]) -> None:
        for key, one in zip((f"{name}_ms", f"{name}_cpu_ms"), value, strict=True):
            found[key] = min(one, found.get(key, one))

    with tempfile.TemporaryDirectory(prefix="sync-bench-") as scratch:
        world = World(Path(scratch))
        for count in (20, 200):
            patches = world.queue(count)
            mails = world.folder / f"mails{count}"
            mails.mkdir()
            for patch in patches:
                (mails / patch.file).write_bytes(encode(patch.text))
            names = sorted(str(path) for path in mails.iterdir())
            for turn in range(repeat):
                print(f"\r{count} patches, run {turn + 1} of {repeat}", end="", file=sys.stderr)
                world.plain("checkout", "-q", "-f", "--detach", world.target)
                am = partial(world.plain, "am", "-q", "-3", *names)
                take(f"am_{count}", milliseconds(am))
                wanted = world.plain("rev-parse", "HEAD^{tree}")
                trees: list[str] = []
                rebase = partial(rebased, world, patches, trees)
                take(f"rebase_{count}", milliseconds(rebase))
                if trees != [wanted]:
                    sys.exit(f"the rebase gives {trees[0]}, git am {wanted}")
                if world.has_replay():
                    world.stack(patches)
                    take(f"replay_{count}", milliseconds(partial(world.replay, trees)))
                    tree = world.clone.rev_parse(trees[-1], "tree")
                    if tree != wanted:
                        sys.exit(f"git replay gives {tree}, git am {wanted}")
            if count == 20:
                _, results = rebase_component(world.clone, patches, world.target)
                settled = [
                    parse_patch(encode(r.refreshed or p.text), p.component, p.file)
                    for p, r in zip(patches, results, strict=True)
                ]
                for _ in range(repeat):
                    before = resource.getrusage(resource.RUSAGE_SELF)
                    take("check", milliseconds(partial(still, world.clone, settled, world)))
                    after = resource.getrusage(resource.RUSAGE_SELF)
                    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                    found["status_ms"] = min(own * 1000, found.get("status_ms", own * 1000))
    print(file=sys.stderr)
    found["ratio_git_am"] = found["am_20_ms"] / found["rebase_20_ms"]
    found["ratio_git_am_200"] = found["am_200_ms"] / found["rebase_200_ms"]
    replay: dict[str, float | None] = {"ratio_replay": None, "ratio_replay_200": None}
    for key, count in zip(replay, (20, 200), strict=True):
        if f"replay_{count}_ms" in found:
            replay[key] = found[f"am_{count}_ms"] / found[f"replay_{count}_ms"]
    found["cpu_ratio_git_am"] = found["am_20_cpu_ms"] / found["rebase_20_cpu_ms"]
    found["cpu_ratio_git_am_200"] = found["am_200_cpu_ms"] / found["rebase_200_cpu_ms"]
    return found | replay


def rebased(world: World, patches: list[Patch], trees: list[str]) -> None:
    tree, _ = rebase_component(world.clone, patches, world.target, base_commit=world.base)
    trees.append(tree)


def still(clone: Repository, patches: list[Patch], world: World) -> None:
    _, results = rebase_component(clone, patches, world.target, base_commit=world.target)
    if {str(result.verdict) for result in results} != {"clean"}:
        sys.exit("the refreshed queue is not clean")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench queue",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one flat object")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: 5)")
    options = parser.parse_args()
    if other := os.environ.get("SYNC_BENCH_GIT"):
        os.environ["PATH"] = f"{other}{os.pathsep}{os.environ['PATH']}"
    found = measure(max(1, options.repeat))
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:20} " + ("git has no replay" if value is None else f"{value:.1f}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
