"""A patch that conflicts, with all that a person needs to resolve it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from syncer.git import BLOB_MODES, Repository, Stage, quarantine
from syncer.model import PatchVerdict
from syncer.queue.carry import Entries, Upstream
from syncer.queue.mail import Patch, decode
from syncer.queue.rebase import carry_all, contents_for, net, store_tree
from syncer.queue.resolutions import NONE, Decisions

SIDES = {1: "base", 2: "upstream", 3: "the patch"}

_LABEL = re.compile(rb"^(<{7}|\|{7}|>{7}) [0-9a-f]{7,40}$", re.MULTILINE)
_NAMES = {b"<": b"upstream", b"|": b"base", b">": b"the patch"}
_REGION = re.compile(
    r"^<{7} upstream\n(.*?)^\|{7} base\n(.*?)^={7}\n(.*?)^>{7} the patch$",
    re.MULTILINE | re.DOTALL,
)
MARKER = re.compile(rb"^(<{7}|>{7}|\|{7})(?: .*)?\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Conflict:
    """`tree` is what upstream and the patches before it leave, `ours` its files that the patch
    has to do with; `left` what merging left of them, with conflict markers; `stages` the sides of
    those that could not be merged (none, if merging was not what failed). `blobs` holds every
    content."""

    patch: Patch
    paths: tuple[str, ...]
    reason: str
    tree: str
    ours: Entries
    left: Entries
    stages: tuple[Stage, ...]
    blobs: dict[str, bytes]

    def regions(self) -> Iterator[Region]:
        """Each place in a text where upstream's change and the patch's meet, from the top."""
        for path in self.paths:
            entry = self.left.get(path)
            text = decode(self.blobs[entry[1]]) if entry else ""
            taken = 0
            for match in _REGION.finditer(text):
                line = text.count("\n", 0, match.start()) + 1 - taken
                upstream, base, patch = (side.splitlines() for side in match.groups())
                yield Region(path, line, changed(base, upstream), changed(base, patch))
                # Lines of the file itself: without markers, base and the patch's.
                taken += len(base) + len(patch) + 4


@dataclass(frozen=True)
class Region:
    """A conflict in a text: the line of upstream's file where it begins, and what each side makes
    of the base, line by line, as in a diff."""

    path: str
    line: int
    upstream: tuple[str, ...]
    patch: tuple[str, ...]


def changed(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """A diff of two runs of lines, with all lines, each after ` `, `-` or `+`."""
    lines: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [f" {line}" for line in old[a:b]]
        else:
            lines += [f"-{line}" for line in old[a:b]] + [f"+{line}" for line in new[c:d]]
    return tuple(lines)


def find_conflict(
    repository: Repository,
    patches: Sequence[Patch],
    target_commit: str,
    *,
    base_commit: str | None = None,
    decisions: Decisions = NONE,
) -> Conflict | None:
    """The first conflict that `rebase_component` with the same arguments ends at; None without."""
    with quarantine(repository) as work:
        target = work.files(target_commit)
        upstream = Upstream(work, target_commit, target, base_commit)
        contents = contents_for(work, patches, target, decisions)
        outcomes = carry_all(upstream, contents, patches, decisions)
        last = outcomes[-1] if outcomes else None
        if last is None or last.verdict is not PatchVerdict.CONFLICT or last.merge is None:
            return None
        contents.store(id for _, id in last.merge.ours.values())
        ours = {p: entry for p, entry in last.merge.ours.items() if entry[0] in BLOB_MODES}
        left = _files(work, last.result.tree) if last.result else ours
        stages = last.result.stages if last.result else ()
        ids = {id for _, id in (*ours.values(), *left.values())} | {stage.id for stage in stages}
        blobs = work.blobs(sorted(ids))
        named = {}
        for path, (mode, id) in left.items():
            # git calls the sides by the ids of commits that nobody knows.
            content = _LABEL.sub(_label, blobs[id]) if path in last.conflicts else blobs[id]
            new = work.write_blob(content)
            blobs[new] = content
            named[path] = (mode, new)
        writer = work.tree_writer(target_commit)
        tree = store_tree(repository, work, writer, net(target, outcomes))
    patch = patches[len(outcomes) - 1]
    return Conflict(patch, last.conflicts, last.reason, tree, ours, named, stages, blobs)


def _label(match: re.Match[bytes]) -> bytes:
    return match[1] + b" " + _NAMES[match[1][:1]]


def _files(repository: Repository, tree: str) -> Entries:
    entries = repository.ls_tree(tree)
    return {entry.path: (entry.mode, entry.id) for entry in entries if entry.mode in BLOB_MODES}


def side_by_side(regions: Sequence[Region], *, width: int = 58, most: int = 40) -> list[str]:
    """Both sides of each region in two columns of `width`; `most` lines of a region."""
    lines = []
    for region in regions:
        lines.append(f"{region.path}:{region.line}")
        lines.append(f"  {'upstream changed':{width}} │ the patch changes")
        rows = max(len(region.upstream), len(region.patch))
        for number in range(min(rows, most)):
            left, right = (
                side[number] if number < len(side) else ""
                for side in (region.upstream, region.patch)
            )
            lines.append(f"  {_cut(left, width):{width}} │ {_cut(right, width)}".rstrip())
        if rows > most:
            lines.append(f"  … {rows - most} more lines")
    return lines


def _cut(line: str, width: int) -> str:
    plain = "".join(c if c.isprintable() else "·" for c in line.expandtabs(4))
    return plain if len(plain) <= width else plain[: width - 1] + "…"
