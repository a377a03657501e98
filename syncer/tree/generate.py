"""The generated tree: upstream's library, the port's own files, arrays and rendered templates.

Same inputs, same bytes: nothing in it depends on when or where it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from syncer import foreign
from syncer.errors import Exit, SyncError
from syncer.git import Repository, check_paths
from syncer.includes import including
from syncer.model import Origin, Program, Rebased, Resolved, TreeResult
from syncer.port import Component, Port
from syncer.tree.checkout import SOURCE_SUFFIXES, Checkout, check_out
from syncer.tree.digest import files_digest
from syncer.tree.kept import all_arrays
from syncer.tree.listing import (
    Declared,
    Listing,
    list_files,
    list_tests,
)
from syncer.tree.places import THIRD_PARTY, in_tree
from syncer.tree.programs import (
    all_programs,
    program_headers,
    shared_sources,
    test_arrays,
    undeclared_tests,
)
from syncer.tree.render import render
from syncer.tree.swap import TREE, replace_tree


def generate(
    port: Port,
    resolved: Resolved,
    rebased: Rebased,
    repositories: Mapping[str, Repository],
    folder: Path,
    sandbox: foreign.Sandbox | None = None,
) -> TreeResult:
    """Write the tree to `folder`/tree, replacing what is there only once the new one is whole and
    if nobody has edited it.

    Args:
        repositories: the bare clone of each name in `rebased.trees`.
        folder: where the stage works; `folder`/checkout is upstream as its Makefile sees it.
        sandbox: what holds that back; by default the strongest that works here.

    Raises:
        EditedTree: a person's edits are in the way.
        SyncError: upstream's Makefile fails, a component contributes no file, or a file that
            port.toml or a test of upstream's names is not there.
    """
    checkout = check_out(port, rebased.trees, repositories, folder)
    sandbox = sandbox or foreign.choose()
    listing = list_files(checkout, port.toml.tree, sandbox)
    by_component = _contributions(port, resolved, listing)
    tests: tuple[Declared, ...] = ()
    if port.toml.test:
        tests = list_tests(checkout, port.toml.tree, port.toml.test, sandbox)

    files = _upstream_files(port, listing, by_component, tests, checkout)
    own = _own_files(port)
    arrays = dict.fromkeys(test_arrays(tests), "test.macro")
    arrays |= dict.fromkeys(port.toml.tree.array, "tree.array.from")
    files |= all_arrays(
        arrays,
        checkout.files.get,
        lambda array: _read(checkout, array.from_, arrays[array]),
        folder / TREE,
    )
    files |= _originals(port, repositories)
    clash = sorted(own.keys() & files.keys())
    if clash:
        raise SyncError(
            f"{port.file}: tree.own puts {clash[0]} where upstream has a file of that name",
            hint="Use an [[override]] to replace upstream's file: it is watched for changes.",
        )
    files |= own
    programs = all_programs(port, tests, files)
    files |= program_headers(port, listing, programs, files, checkout)
    _check_places(port, files)
    context = _context(port, resolved, files, listing, programs)
    for item in port.toml.tree.template:
        files[item.to] = render(port.at(item.from_), context)

    replace_tree(files, folder, rebased.trees)
    return TreeResult(
        path=str(folder / TREE),
        digest=files_digest(files),
        files=len(files),
        bytes=sum(map(len, files.values())),
        sources=len(context["sources"]),
        headers=len(context["headers"]),
        by_component=by_component,
        protection=sandbox.protection,
        programs=programs,
        undeclared=undeclared_tests(port, tests, checkout) if tests else (),
    )


def _check_places(port: Port, files: Mapping[str, bytes]) -> None:
    """Two files in one place, or one in another's folder, would be lost without a word."""
    try:
        check_paths([*files, *(item.to for item in port.toml.tree.template)])
    except SyncError as error:
        raise SyncError(
            f"{port.file}: tree: {error.message}",
            hint="Look at `to` of [[tree.own]], [[tree.array]] and [[tree.template]].",
        ) from None


def _owner(port: Port, path: str) -> Component | None:
    """The component a path of the checkout belongs to: the innermost that holds it."""
    holding = [
        component
        for component in port.toml.component
        if path.startswith(f"{port.toml.tree.downloads}/{component.path}/")
    ]
    return max(holding, key=lambda component: len(component.path), default=None)


def _contributions(port: Port, resolved: Resolved, listing: Listing) -> dict[str, int]:
    counts = {pin.name: 0 for pin in resolved.pins}
    for path in listing.files:
        owner = _owner(port, path)
        counts[owner.name if owner else port.toml.upstream.name] += 1
    silent = [c.name for c in port.toml.component if c.listed and counts.get(c.name) == 0]
    if silent:
        raise SyncError(
            f"{port.toml.tree.makefile} lists no file of {', '.join(silent)}",
            hint="An empty component passes unnoticed otherwise. Look at its path in port.toml, "
            "or set listed = false if upstream no longer uses it.",
            exit=Exit.BUILD,
        )
    return counts


def _upstream_files(
    port: Port,
    listing: Listing,
    by_component: Mapping[str, int],
    tests: Iterable[Declared],
    checkout: Checkout,
) -> dict[str, bytes]:
    wanted = dict.fromkeys(listing.files, "tree.makefile")
    for test in tests:
        headers = (path for path in test.headers if checkout.has(path))
        wanted |= dict.fromkeys((*test.sources, *headers), f"test {test.name}")
    for pattern in port.toml.tree.extra:
        found = {
            p.relative_to(checkout.folder).as_posix()
            for p in checkout.folder.glob(pattern)
            if p.is_file()
        }
        if not found:
            raise SyncError(
                f"{port.file}: tree.extra: nothing of upstream's matches {pattern!r}",
                hint="The file was moved or deleted upstream; follow it in port.toml.",
                about=((pattern,),),
            )
        wanted |= dict.fromkeys(found, "tree.extra")
    for spec in port.toml.firmware:
        present = [path for path in spec.sources if checkout.has(path)]
        wanted |= dict.fromkeys(present, f"firmware.{spec.name}")
    for component in port.toml.component:
        if by_component.get(component.name):
            base = checkout.folder / port.toml.tree.downloads / component.path
            for name in component.license:
                files = sorted(p for p in base.glob(name) if p.is_file()) or [base / name]
                licenses = [p.relative_to(checkout.folder).as_posix() for p in files]
                wanted |= dict.fromkeys(licenses, f"component.{component.name}.license")
    tree = port.toml.tree
    return {in_tree(tree, path): _read(checkout, path, wanted[path]) for path in sorted(wanted)}


def _read(checkout: Checkout, path: str, key: str) -> bytes:
    if not checkout.has(path):
        raise SyncError(
            f"{key}: upstream has no file {path}",
            hint=f"It was moved or deleted upstream; follow it in port.toml, {key}.",
            about=((path,),),
        )
    return checkout.read(path)


def _own_files(port: Port) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for item in port.toml.tree.own:
        source = port.at(item.from_)
        if source.is_file():
            files[item.to] = source.read_bytes()
        elif source.is_dir():
            for path in sorted(source.rglob("*")):
                if path.is_file() and not any(fnmatch(path.name, x) for x in item.exclude):
                    inside = path.relative_to(port.root).as_posix()
                    files[f"{item.to}/{path.relative_to(source).as_posix()}"] = port.read(inside)
        else:
            raise SyncError(
                f"{port.file}: tree.own: there is no {source}",
                hint="Make it, or correct `from` in [[tree.own]].",
            )
    return files


def _originals(port: Port, repositories: Mapping[str, Repository]) -> dict[str, bytes]:
    wanted = [item for item in port.toml.override if item.original]
    blobs: dict[tuple[str, str], bytes] = {}
    for name in {item.component for item in wanted}:
        ids = [item.shadows for item in wanted if item.component == name]
        blobs |= {(name, id): data for id, data in repositories[name].blobs(ids).items()}
    return {item.original: blobs[item.component, item.shadows] for item in wanted if item.original}


def _context(
    port: Port,
    resolved: Resolved,
    files: Mapping[str, bytes],
    listing: Listing,
    programs: Sequence[Program],
) -> dict[str, Any]:
    """What a template may use. A source that a firmware or an array names is not the library's;
    one that a test names is, if upstream's list of the library has it."""
    toml = port.toml
    tests = [program for program in programs if program.origin is Origin.UPSTREAM]
    others = {path for spec in toml.firmware for path in spec.sources}
    others |= {f"{array.to}.cc" for array in toml.tree.array}
    library = {in_tree(toml.tree, path) for path in listing.sources}
    others |= {path for test in tests for path in test.sources if path not in library}
    sources = sorted(p for p in files if p.endswith(SOURCE_SUFFIXES) and p not in others)
    paths = {component.name: f"{THIRD_PARTY}/{component.path}" for component in toml.component}
    sdk = toml.build.sdk
    licenses = {component.name: list(component.license) for component in toml.component}
    return {
        "port": {"name": port.name, "description": toml.port.description},
        "upstream": {"name": resolved.upstream.name, "url": resolved.upstream.url}
        | {"commit": resolved.upstream.commit},
        "components": [
            {"name": pin.name, "url": pin.url, "commit": pin.commit}
            | {"written": pin.written, "path": paths[pin.name], "licenses": licenses[pin.name]}
            for pin in resolved.components
        ],
        "sources": sources,
        "headers": sorted(path for path in files if path.endswith((".h", ".hpp", ".inc"))),
        "include_dirs": list(toml.tree.include_dirs),
        "firmware": [
            {"name": spec.name, "kind": spec.kind}
            | {"sources": list(spec.sources), "definitions": list(spec.definitions)}
            for spec in toml.firmware
        ],
        "regions": [
            {"name": region.name, "what": region.what, "start": region.start}
            | {"length": region.length}
            for region in toml.region
        ],
        "tests": [{"name": test.name, "sources": list(test.sources)} for test in tests],
        "shared_sources": shared_sources(tests),
        "precompiled": _precompiled(port, sources, tests, files),
        "build": {"boards": list(toml.build.boards), "optimisation": toml.build.optimisation}
        | {"sdk": {"name": sdk.name, "version": sdk.version} if sdk else None},
    }


def _precompiled(
    port: Port, sources: Sequence[str], tests: Sequence[Program], files: Mapping[str, bytes]
) -> dict[str, list[str]]:
    """The headers to precompile, and the C++ sources that include none of them. Those must be
    compiled without: what a source forgets to include would not be missed."""
    headers = port.toml.tree.precompiled
    for header in headers:
        if header not in files:
            raise SyncError(
                f"{port.file}: tree.precompiled: there is no {header} in the tree",
                hint="It was moved or deleted upstream; follow it in port.toml.",
                about=((header,),),
            )
    if not headers:
        return {"headers": [], "without": []}
    cxx = {path for path in sources if path.endswith((".cc", ".cpp"))}
    cxx |= {path for test in tests for path in test.sources if path.endswith((".cc", ".cpp"))}
    with_it = including(cxx, headers, port.toml.tree.include_dirs, files.get)
    return {"headers": list(headers), "without": sorted(cxx - with_it)}
