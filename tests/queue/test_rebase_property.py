"""Whole queues against git: random edits of several files, upstream's and the queue's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab import Content, Lab

from syncer.model import PatchVerdict
from syncer.queue.mail import encode, parse_patch
from syncer.queue.rebase import rebase_component

EXAMPLES = int(os.environ.get("SYNC_QUEUE_EXAMPLES", "25"))
LINES = 24
Tree = dict[str, list[bytes]]
EXECUTABLE = b"#!/bin/sh\n"  # a file that begins so has the mode


def first_tree() -> Tree:
    """Three files in two folders; no line of one is like a line of another."""
    return {
        path: [f"{path}: line {n}\n".encode() for n in range(LINES)]
        for path in ("a/f", "a/g", "b/h")
    }


@st.composite
def scripts(draw: st.DrawFn, mark: str, most: int) -> list[Tree]:
    """Some steps on from `first_tree`: each edits a file or two, adds, deletes or renames one, or
    changes its mode."""
    tree, steps = first_tree(), []
    for step in range(draw(st.integers(1, most))):
        tree = {path: list(lines) for path, lines in tree.items()}
        for number in range(draw(st.integers(1, 2))):
            new = f"{mark} {step}.{number}\n".encode()
            kinds = ["insert", "insert", "replace", "delete", "add", "remove", "mode"]
            kind = draw(st.sampled_from([*kinds, *(["rename"] if mark == "ours" else [])]))
            path = draw(st.sampled_from(sorted(tree)))
            lines = tree[path]
            at = draw(st.integers(0, len(lines) - 1))
            if kind == "add":
                tree[f"a/{mark}{step}{number}"] = [new] * 5
            elif kind == "remove" and len(tree) > 2:
                del tree[path]
            elif kind == "rename":
                tree[f"b/{mark}{step}{number}"] = tree.pop(path)
            elif kind == "mode":
                tree[path] = lines[1:] if lines[:1] == [EXECUTABLE] else [EXECUTABLE, *lines]
            elif kind == "insert":
                lines.insert(at, new)
            elif kind == "replace" or len(lines) < 5:
                lines[at] = new
            else:
                del lines[at : at + 2]
        steps.append(tree)
    return steps


def contents(old: Tree, new: Tree) -> dict[str, Content]:
    return {path: content(new[path]) if path in new else None for path in old.keys() | new.keys()}


def content(lines: list[bytes]) -> Content:
    mode = "100755" if lines[:1] == [EXECUTABLE] else "100644"
    return mode, b"".join(lines)


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory() as folder:
        yield Lab(Path(folder))


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(mine=scripts("ours", 5), theirs=scripts("theirs", 4))
def test_a_queue_ends_as_with_git_am(shared: Lab, mine: list[Tree], theirs: list[Tree]) -> None:
    start = first_tree()
    base = shared.commit(contents({}, start))
    target = base
    for old, new in zip([start, *theirs], theirs, strict=False):
        if old != new:
            target = shared.commit(contents(old, new), target)
    patches, tip = [], base
    for number, (old, new) in enumerate(zip([start, *mine], mine, strict=False)):
        if old == new:
            continue
        text = shared.text(tip, contents(old, new), subject=f"Step {number}")
        patches.append(parse_patch(encode(text), "upstream", f"{number}.patch"))
        tip = shared.commit(contents(old, new), tip)
    if not patches:
        return
    tree, results = rebase_component(shared.repository, patches, target, base_commit=base)
    gone = (PatchVerdict.ABSORBED, PatchVerdict.EMPTIED)
    carried = [
        patch.text
        for patch, result in zip(patches, results, strict=False)
        if result.verdict not in (*gone, PatchVerdict.CONFLICT)
    ]
    # The patches before a conflict give what git gives, and git stops at the same one.
    assert shared.am(target, carried, "-3") == tree
    if results[-1].verdict is PatchVerdict.CONFLICT:
        stuck = patches[len(results) - 1]
        more = shared.am(target, [*carried, stuck.text], "-3")
        assert more is None or "upstream moved" in results[-1].reason
