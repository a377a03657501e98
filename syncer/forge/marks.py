"""What of a site's is ours, told by the thing itself: commits by a trailer over their content,
texts by hidden comments. Nothing has to be remembered between two runs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from syncer.git import Repository

_TRAILER = "Sync-Mark"
_STATE = re.compile(r"<!-- sync-state: (\{[^<>]*\}) -->")
_BEGIN = re.compile(r"<!-- sync: \{[^<>]*\} -->")


# ---- commits


def commit_ours(
    repository: Repository, tree: str, parent: str | None, message: str, author: str, date: str
) -> str:
    """A commit that `is_ours` knows again. The same arguments give the same id."""
    message = message.rstrip("\n")
    mark = _mark(tree, [parent] if parent else [], message)
    text = f"{message}\n\n{_TRAILER}: {mark}\n"
    return repository.commit_tree(tree, [parent] if parent else [], text, author, date)


def is_ours(repository: Repository, commit: str) -> bool:
    """Whether this program made a commit, and nobody has changed its files, parents or message
    since. A person's amended commit is a person's."""
    tree, parents, message = repository.describe(commit, "%T%n%P%n%B").split("\n", 2)
    said, _, mark = message.rstrip("\n").rpartition(f"\n\n{_TRAILER}: ")
    return bool(said) and mark == _mark(tree, parents.split(), said)


def _mark(tree: str, parents: list[str], message: str) -> str:
    return hashlib.sha256("\0".join([tree, *parents, message]).encode()).hexdigest()


def describe(repository: Repository, commit: str) -> str:
    """A commit for a message: its id, whose it is, what it says."""
    line = f"{commit[:12]} {repository.describe(commit, '%an: %s')}"
    return "".join(char if char.isprintable() else " " for char in line)[:200]


# ---- texts


def hidden(kind: str, value: str) -> str:
    """A comment that GitHub does not show; `kind` and `value` hold no markup of theirs."""
    return f"<!-- sync-{kind}: {value} -->"


def state_mark(state: Mapping[str, Any]) -> str:
    """What the next run has to know of this one, hidden in a text."""
    said = json.dumps(state, separators=(",", ":"), sort_keys=True)
    for char in "<>@#&-":  # nothing in it may end the comment, or be taken for a reference
        said = said.replace(char, f"\\u{ord(char):04x}")
    return hidden("state", said)


def state_of(body: str) -> dict[str, Any]:
    """What `state_mark` has hidden in a text; empty where it has not, or it is damaged."""
    found = list(_STATE.finditer(body))
    if not found:
        return {}
    try:
        state = json.loads(found[-1][1])
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def names_in(state: Mapping[str, Any], key: str) -> list[str]:
    """The names that a state has under `key`; none where it is something else."""
    found = state.get(key)
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def with_state(body: str, state: Mapping[str, Any]) -> str:
    """A text of ours with another state in it."""
    mark = state_mark(state)
    return _STATE.sub(lambda _: mark, body) if _STATE.search(body) else f"{body.rstrip()}\n\n{mark}"


def renewed(old: str, ours: str) -> str:
    """`ours`, which begins and ends with a mark, in place of the earlier text of ours in `old`;
    what people wrote before or after it stays."""
    begin, ends = _BEGIN.search(old), list(_STATE.finditer(old))
    if not begin or not ends or ends[-1].end() < begin.start():
        return ours
    return old[: begin.start()] + ours + old[ends[-1].end() :]
