"""Finding and reading port.toml. Every error names the file, the key and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from syncer.errors import SyncError
from syncer.files import read_toml
from syncer.mistakes import checked
from syncer.port.port import Port
from syncer.port.tables import PortFile, Publish

_SCHEMA = TypeAdapter(PortFile)
_HINT = "See docs/port.md."


def load_port(file: Path) -> Port:
    """Read a port.toml.

    Raises:
        SyncError: it cannot be read, is no TOML, or says something that is not allowed.
    """
    file = file.resolve()
    data = read_toml(file, hint="Correct it, or name another port with --port FILE.")
    if not data:
        raise SyncError(f"{file} is empty", hint="`sync init` writes a first one; remove this.")
    _rename_from(data)
    _lists(data)
    toml = checked(file, data, _SCHEMA, hint=_HINT)
    root = (file.parent / toml.port.root).resolve()
    if not file.is_relative_to(root):
        raise SyncError(
            f"{file}: port.root = {toml.port.root!r} is {root}, which does not hold port.toml",
            hint="Set port.root to the folder that holds patches/ and port/, usually '..'.",
        )
    problems = list(_cross_check(toml))
    if problems:
        raise SyncError(
            f"{file}: {problems[0]}",
            hint=_HINT,
            detail="\n".join(problems[1:]),
        )
    return Port(file=file, root=root, toml=toml)


def _rename_from(data: Any) -> None:
    # `from` is a Python keyword; in port.toml it is the word people expect.
    tree = data.get("tree") if isinstance(data, dict) else None
    for key in ("array", "own", "template"):
        items = tree.get(key) if isinstance(tree, dict) else None
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and "from" in item:
                item["from_"] = item.pop("from")


def _lists(data: Any) -> None:
    # Where most ports need one, a list of one need not be written as a list.
    components = data.get("component") if isinstance(data, dict) else None
    for item in components if isinstance(components, list) else ():
        for key, kind in (("pin", dict), ("patch", str)):
            if isinstance(item, dict) and isinstance(item.get(key), kind):
                item[key] = [item[key]]


def _cross_check(toml: PortFile) -> Iterator[str]:
    repositories = [toml.upstream.name, *(c.name for c in toml.component)]
    optional = [c.name for c in toml.component if c.optional]
    firmware = {spec.name: spec.kind for spec in toml.firmware}
    for what, names in (
        ("component.name", repositories),
        ("region.name", [region.name for region in toml.region]),
        ("firmware.name", [spec.name for spec in toml.firmware]),
        ("benchmark.name", [spec.name for spec in toml.benchmark]),
        ("test.exception.name", [e.name for e in toml.test.exception] if toml.test else []),
    ):
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield f"{what}: {name!r} stands there twice"
    for override in toml.override:
        if override.component in optional:
            yield (
                f"override.component: {override.component!r} is optional, but "
                f"{override.path} of it is overridden"
            )
        if override.component not in repositories:
            yield (
                f"override.component: {override.component!r} is not one of "
                f"{', '.join(repositories)}"
            )
    for exception in toml.test.exception if toml.test else ():
        if exception.cases and exception.stage == "build":
            yield f"test.exception: {exception.name!r}: a test that is not built has no cases"
    for region in toml.region:
        if (region.budget or 0) > region.length:
            yield f"region.{region.name}.budget: the region has {region.length} bytes only"
    for program in toml.firmware:
        if bool(program.until) != bool(program.expect):
            yield f"firmware.{program.name}: `until` and `expect` go together"
        elif program.expect and program.kind != "example":
            yield f"firmware.{program.name}.expect: only of an example, not of a {program.kind}"
    for spec in toml.benchmark:
        if spec.inputs and spec.seed is not None:
            yield f"benchmark.{spec.name}: `inputs` or a `seed`, not both"
        for key, name, kind in (
            ("firmware", spec.firmware, "benchmark"),
            ("check", spec.check, "check"),
        ):
            if firmware.get(name) != kind and not (key == "check" and name == spec.firmware):
                known = ", ".join(n for n, k in firmware.items() if k == kind) or "none"
                yield (
                    f"benchmark.{spec.name}.{key}: no firmware of kind {kind} is named {name!r} "
                    f"(there is: {known})"
                )
    yield from _check_gates(toml)
    yield from _check_publish(toml.publish)


def _check_publish(publish: Publish) -> Iterator[str]:
    tree = publish.tree
    if publish.mode != "queue" and tree is None:
        yield f"publish.mode: {publish.mode!r} needs a [publish.tree] that says where it goes"
    if not publish.branch.startswith("sync/"):
        yield f"publish.branch: {publish.branch!r} does not begin with 'sync/', as ours do"
    if tree and tree.base and not tree.branch.startswith("sync/"):
        yield f"publish.tree.branch: {tree.branch!r} does not begin with 'sync/', as ours do"
    taken = {publish.branch, publish.base, *((tree.branch, tree.base) if tree else ())} - {""}
    if publish.history in taken:
        yield f"publish.history: {publish.history!r} is for something else; a history has its own"
    if tree and (tree.repository or publish.repository) == publish.repository:
        for name in {publish.branch, publish.base} & {tree.branch, tree.base} - {""}:
            yield f"publish.tree: {name!r} is the queue's branch in the same repository"


def _check_gates(toml: PortFile) -> Iterator[str]:
    models = [spec.name for spec in toml.benchmark]
    counted = {"gates.cycles": toml.gates.cycles}
    for name, own in toml.gates.model.items():
        if name not in models:
            yield f"gates.model: no benchmark is named {name!r} (there is: {', '.join(models)})"
        if own.cycles:
            counted[f"gates.model.{name}.cycles"] = own.cycles
        counted |= {f"gates.model.{name}.layers.{key}": x for key, x in own.layers.items()}
    for key, limit in counted.items():
        if limit.bytes:
            yield f"{key}: takes percent only; bytes are for gates.memory"
