"""The generated tree, with every change of the port's in it, and never over a person's edits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from syncer import foreign
from syncer.durable import write_whole
from syncer.errors import SyncError
from syncer.git import Repository
from syncer.model import Rebased, Resolved, TreeResult
from syncer.port import Port
from syncer.queue.mail import create_patch, encode
from syncer.stages.lost import changed_paths, check_tree
from syncer.tree.checkout import SOURCE_SUFFIXES
from syncer.tree.generate import generate
from syncer.tree.models import MODELS, benchmark_inputs, check_model
from syncer.tree.places import place_of
from syncer.tree.swap import Edit, EditedTree

_CODE = (*SOURCE_SUFFIXES, ".h", ".hh", ".hpp", ".inc")


def tree(
    port: Port,
    resolved: Resolved,
    rebased: Rebased,
    repositories: Mapping[str, Repository],
    folder: Path,
    sandbox: foreign.Sandbox | None = None,
) -> TreeResult:
    """Generate the tree in `folder`. `sandbox` as for `syncer.tree.generate.generate`.

    Raises:
        SyncError: (CONFLICT) it was edited in place: what there is to do about each edit is in
            the detail, and patches made of them lie in `folder`/edits; (BUILD) a change of the
            port's did not get into it; a model or an input that port.toml names is none; or
            anything `generate` raises.
    """
    _check_models(port, rebased, repositories, folder / MODELS)
    try:
        made = generate(port, resolved, rebased, repositories, folder, sandbox)
    except EditedTree as edited:
        patches = _patches(port, edited, repositories, folder / "edits")
        edited.detail = "\n".join(_advice(port, edited, repositories, patches))
        raise
    changed = changed_paths(port, resolved, rebased, repositories)
    check_tree(port, changed, rebased, repositories, Path(made.path))
    return made


def _check_models(
    port: Port, rebased: Rebased, repositories: Mapping[str, Repository], kept: Path
) -> None:
    repo, tree = repositories[port.toml.upstream.name], rebased.trees[port.toml.upstream.name]
    ids = {entry.path: entry.id for entry in repo.ls_tree(tree)}
    models = [item.from_ for item in port.toml.tree.array if item.from_.endswith(".tflite")]
    named = {
        *models,
        *(path for spec in port.toml.benchmark for path in (spec.model, *spec.inputs)),
    }
    contents = repo.blobs(ids[path] for path in named if path in ids)

    def read(path: str, key: str) -> bytes:
        if path not in ids:
            raise SyncError(
                f"upstream has no {path}",
                hint=f"Follow it in port.toml, {key}.",
                about=((path,),),
            )
        return contents[ids[path]]

    for path in models:
        if path in ids:
            check_model(path, contents[ids[path]], "tree.array")
    for spec in port.toml.benchmark:
        benchmark_inputs(spec, read, kept)


def _component(port: Port, place: str) -> tuple[str, str]:
    """The component (or upstream) that a file of the tree belongs to, and its path there."""
    names = [component.name for component in port.toml.component]
    inside = [(place_of(port, name, ""), name) for name in names]
    prefix, name = max(
        ((prefix, name) for prefix, name in inside if place.startswith(prefix)),
        key=lambda item: len(item[0]),
        default=("", port.toml.upstream.name),
    )
    return name, place.removeprefix(prefix)


def _origin(port: Port, edit: Edit) -> str:
    """What the port makes this file from, if it is not upstream's: what to do about it then."""
    name, path = _component(port, edit.path)
    for override in port.toml.override:
        if (override.component, override.path) == (name, path):
            return f"an override makes it: copy it to {override.source}"
        if edit.path == override.original:
            return f"upstream's, for {override.source} to include: it cannot be kept as an edit"
    for item in port.toml.tree.own:
        if edit.path == item.to or edit.path.startswith(f"{item.to}/"):
            return f"the port's own: copy it to {item.from_}{edit.path.removeprefix(item.to)}"
    for template in port.toml.tree.template:
        if edit.path == template.to:
            return f"made from {template.from_}: make the change there"
    for array in port.toml.tree.array:
        if edit.path in (f"{array.to}.h", f"{array.to}.cc"):
            return f"made from upstream's {array.from_}: it cannot be kept as an edit"
    return ""


def _patches(
    port: Port, edited: EditedTree, repositories: Mapping[str, Repository], folder: Path
) -> dict[str, Path]:
    """A patch of the queue's form for each component with edits, as a start; by component."""
    shutil.rmtree(folder, ignore_errors=True)
    changes: dict[str, dict[str, tuple[str, str] | None]] = {}
    for edit in edited.edits:
        if edit.path.endswith(_CODE) and not _origin(port, edit):
            name, path = _component(port, edit.path)
            data = (edited.tree / edit.path).read_bytes()
            changes.setdefault(name, {})[path] = ("100644", repositories[name].write_blob(data))
    patches = {}
    for name, change in changes.items():
        base = edited.trees.get(name, "")
        if not base or not repositories[name].has(base):
            continue  # the clone was made anew since
        modes = {entry.path: entry.mode for entry in repositories[name].ls_tree(base)}
        change = {p: new and (modes.get(p, new[0]), new[1]) for p, new in change.items()}
        try:
            text = create_patch(
                repositories[name],
                base,
                repositories[name].write_tree(base, change),
                subject="Keep what was edited in the generated tree",
                author="edited in place <nobody@localhost>",
                date=datetime.now(UTC).isoformat(timespec="seconds"),
                context=port.toml.patches.context,
            )
        except SyncError:
            continue  # a binary file, for one: the advice then says nothing of a patch
        patches[name] = folder / f"{name}.patch"
        write_whole(patches[name], encode(text))
    return patches


def _advice(
    port: Port,
    edited: EditedTree,
    repositories: Mapping[str, Repository],
    patches: Mapping[str, Path],
) -> Iterator[str]:
    """A line or two for each edit: where it belongs."""
    for edit in edited.edits:
        state = "added" if edit.added else "modified"
        if origin := _origin(port, edit):
            yield f"{edit.path} ({state}): {origin}"
            continue
        name, path = _component(port, edit.path)
        yield f"{edit.path} ({state}): {name}'s {path}"
        if edit.added:
            yield "  as the port's own: copy it into a folder of a [[tree.own]]"
        elif name in patches:
            blob = repositories[name].rev_parse(f"{edited.trees[name]}:{path}", "blob")
            yield (
                "  as an override: copy it into the port, and in port.toml add: [[override]] "
                f'component = "{name}" path = "{path}" source = "<your copy>" shadows = "{blob}"'
            )
    for name, patch in patches.items():
        folder = f"{port.toml.patches.folder}/{name}"
        yield f"as a patch: copy {patch} to {folder}/ and name it in {folder}/series"
