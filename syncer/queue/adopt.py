"""An edited tree without a recorded base: which upstream commit it was made from, and where its
files came from.

The base is the commit whose tree shares the most blobs with the fork's. It is found from one
listing of upstream's history: commits and ids only, no file is read and nothing is checked out.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from syncer.git import Repository
from syncer.git.objects import records
from syncer.queue.fork import SUFFIXES, Fork, Place, Texts, stem_of

_COMMON = 4  # a blob in more places than this says nothing of where a file came from
_EVERYWHERE = frozenset(
    ("README.md", "LICENSE", "CMakeLists.txt", "main.cc", ".gitignore", "BUILD")
)
SIMILAR = 0.5


# ---- the base


@dataclass(frozen=True)
class Candidates:
    """The commits that share the most blobs with the fork: `shared` of its `of` different ones;
    (commit, date), newest first."""

    shared: int
    of: int
    commits: tuple[tuple[str, str], ...]


def best_bases(repository: Repository, tip: str, ids: Collection[str]) -> Candidates:
    """The commits of the first-parent history of `tip` whose trees have the most of `ids`."""
    wanted = frozenset(ids)
    command = ["log", "--first-parent", "--reverse", "-m", "--raw", "-z", "--no-abbrev"]
    command += ["--no-renames", "--no-show-signature", "--format=@%H %cs", tip, "--"]
    count: Counter[str] = Counter()
    shared, best = 0, 0
    found: list[tuple[str, str]] = []
    commit = ""

    def close() -> None:
        nonlocal best
        if commit and shared >= best:
            if shared > best:
                found.clear()
            best = shared
            id, date = commit.split(" ")
            found.append((id, date))

    fields = records(repository.run(command))
    for record in fields:
        text = record.lstrip("\n")
        if text.startswith("@"):
            close()
            commit = text[1:]
            continue
        before, after = text.split(" ")[2:4]
        next(fields)
        if before in wanted:
            count[before] -= 1
            shared -= count[before] == 0
        if after in wanted:
            count[after] += 1
            shared += count[after] == 1
    close()
    return Candidates(best, len(wanted), tuple(reversed(found)))


# ---- where its files came from


@dataclass(frozen=True)
class Origins:
    """`places` maps a file of the fork to the place in a generated tree that it came from; `rules`
    are the moves that this follows, (fork's prefix, tree's prefix), by how many files show it."""

    places: Mapping[str, str]
    rules: tuple[tuple[tuple[str, str], int], ...]


def origins(fork: Fork, tree: Mapping[str, Place], read: Texts) -> Origins:
    """Where each file of the fork came from: the same content, or the same place by the moves that
    those show, or the most similar file of the same name.

    Args:
        tree: every file that a generated tree could have, by its place.
    """
    by_id: dict[str, list[str]] = defaultdict(list)
    for place, item in tree.items():
        by_id[item.id].append(place)
    found: dict[str, str] = {}
    votes: Counter[tuple[str, str]] = Counter()
    for path, (_, id) in fork.files.items():
        same = by_id.get(id) or by_id.get(read.plain_id(id), [])
        if not same:
            continue
        best = max(same, key=lambda place: (_common_tail(path, place), -len(place), place))
        if len(same) <= _COMMON or _common_tail(path, best) > 1:
            found[path] = best
            votes[_move(path, best)] += 1
    rules = votes.most_common()
    unknown = fork.files.keys() - found.keys()
    named = read.names(tree)
    names = {posixpath.basename(stem_of(path)) for path in unknown} - _EVERYWHERE
    read.load(tree[place] for name in names for place in named.get(name, ()))
    for path in unknown:
        if guess := _by_rule(path, rules, tree) or _by_name(path, fork, tree, read):
            found[path] = guess
    return Origins(_one_each(found, fork, tree, votes), tuple(rules))


def _one_each(
    found: Mapping[str, str],
    fork: Fork,
    tree: Mapping[str, Place],
    votes: Mapping[tuple[str, str], int],
) -> dict[str, str]:
    """Of several files that came from one, that which moved as most did; the others are copies, the
    fork's own."""

    def weight(path: str) -> tuple[int, bool, str]:
        move = votes.get(_move(path, found[path]), 0)
        return move, fork.files[path][1] == tree[found[path]].id, path

    chosen: dict[str, str] = {}
    for path in sorted(found, key=weight):
        chosen[found[path]] = path
    return {path: place for place, path in chosen.items()}


def _common_tail(one: str, other: str) -> int:
    count = 0
    pairs = zip(
        reversed(stem_of(one).split("/")), reversed(stem_of(other).split("/")), strict=False
    )
    for a, b in pairs:
        if a != b:
            break
        count += 1
    return count


def _move(path: str, place: str) -> tuple[str, str]:
    """What is left of both once what they end in alike is taken away."""
    count = _common_tail(path, place)
    one, other = path.split("/"), place.split("/")
    if not count:  # another name: the folders
        return posixpath.dirname(path), posixpath.dirname(place)
    return "/".join(one[: len(one) - count]), "/".join(other[: len(other) - count])


def _by_rule(
    path: str, rules: Iterable[tuple[tuple[str, str], int]], tree: Mapping[str, Place]
) -> str | None:
    fitting = [rule for rule, _ in rules if not rule[0] or path.startswith(f"{rule[0]}/")]
    for before, new in sorted(fitting, key=lambda rule: -len(rule[0])):
        rest = path.removeprefix(before).lstrip("/") if before else path
        if not new and not before and "/" not in rest:
            continue  # a file of the fork's root is only upstream's if it is the same
        moved = posixpath.join(new, rest)
        stem, suffix = posixpath.splitext(moved)
        group = next((group for group in SUFFIXES if suffix in group), {suffix})
        for candidate in (moved, *(stem + other for other in sorted(group - {suffix}))):
            if candidate in tree:
                return candidate
    return None


def _by_name(path: str, fork: Fork, tree: Mapping[str, Place], read: Texts) -> str | None:
    """The most similar of the files of the same name, if at least half of it is the same."""
    name = posixpath.basename(stem_of(path))
    if name in _EVERYWHERE:
        return None
    rated = [
        (read.likeness(tree[place].component, tree[place].id, fork.files[path][1]), place)
        for place in read.names(tree).get(name, ())
    ]
    best = max(rated, default=(0.0, ""))
    return best[1] if best[0] >= SIMILAR else None
