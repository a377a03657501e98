"""The tree's programs: port.toml's, and upstream's tests as its Makefile declares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain

from syncer.errors import SyncError
from syncer.includes import included, names_included
from syncer.model import Origin, Program
from syncer.port import Array, Port
from syncer.tree.arrays import array_of
from syncer.tree.checkout import SOURCE_SUFFIXES, Checkout
from syncer.tree.listing import Declared, Listing
from syncer.tree.places import in_checkout, in_tree

# A test that includes upstream's framework prints its cases; one with a main of its own need not.
_FRAMEWORK = re.compile(rb".*/testing/micro_test\w*\.h")


def test_arrays(declared: Iterable[Declared]) -> tuple[Array, ...]:
    """The arrays that the tests' inputs become, each once, sorted by place."""
    arrays = {path: array_of(path) for test in declared for path in test.inputs}
    return tuple(arrays[path] for path in sorted(arrays))


def all_programs(
    port: Port, declared: Iterable[Declared], files: Mapping[str, bytes]
) -> tuple[Program, ...]:
    """Every program of the tree: port.toml's, then upstream's tests.

    Raises:
        SyncError: both have one of the same name, or a source is not in the tree.
    """
    own = [Program(spec.name, spec.kind, spec.sources) for spec in port.toml.firmware]
    taken = {program.name for program in own}
    tests = []
    for test in declared:
        if test.name in taken:
            raise SyncError(
                f"{port.file}: firmware.name: upstream has a test {test.name!r}",
                hint="Upstream's tests are found and built by themselves: remove this entry, or "
                "give the port's own program another name.",
            )
        arrays = [f"{array_of(path).to}.cc" for path in test.inputs]
        sources = tuple(dict.fromkeys([in_tree(port.toml.tree, p) for p in test.sources] + arrays))
        names = chain.from_iterable(names_included(files[path]) for path in sources)
        cases = any(map(_FRAMEWORK.fullmatch, names))
        tests.append(Program(test.name, "test", sources, Origin.UPSTREAM, cases))
    for program in own:
        missing = [path for path in program.sources if path not in files]
        if missing:
            raise SyncError(
                f"{port.file}: firmware.sources: {missing[0]} is neither upstream's nor the port's",
                hint="It was moved or deleted upstream; follow it in port.toml.",
                about=((missing[0],),),
            )
    return (*own, *tests)


def program_headers(
    port: Port,
    listing: Listing,
    programs: Iterable[Program],
    files: Mapping[str, bytes],
    checkout: Checkout,
) -> dict[str, bytes]:
    """What the programs' sources include of upstream's and `files` lack, by path in the tree.
    Upstream's lists have the library's headers only, and of the tests' not all."""
    tree = port.toml.tree
    library = {in_tree(tree, path) for path in listing.files}

    @cache
    def upstreams(path: str) -> bytes | None:
        places = [p for p in (in_checkout(tree, path), path) if checkout.has(p)]
        return checkout.read(places[0]) if places else None

    def read(path: str) -> bytes | None:
        return files[path] if path in files else upstreams(path)

    sources = [path for program in programs for path in program.sources]
    # The library's own headers are whole as they are listed.
    headers = included(sources, tree.include_dirs, read, lambda path: path not in library)
    return {path: upstreams(path) or b"" for path in headers if path not in files}


def shared_sources(programs: Sequence[Program]) -> list[str]:
    """Sources that more than one of upstream's tests is made of, sorted."""
    uses: dict[str, int] = {}
    for program in programs:
        if program.origin is Origin.UPSTREAM:
            for path in program.sources:
                uses[path] = uses.get(path, 0) + 1
    return sorted(path for path, count in uses.items() if count > 1)


def undeclared_tests(
    port: Port, declared: Iterable[Declared], checkout: Checkout
) -> tuple[str, ...]:
    """Upstream's test sources that its Makefile makes no test of, sorted; components aside."""
    known = {path for test in declared for path in test.sources}
    downloads = port.toml.tree.downloads + "/"
    tests = tuple(f"_test{suffix}" for suffix in SOURCE_SUFFIXES)
    found = [path for path in checkout.files if path.endswith(tests)]
    return tuple(sorted(p for p in found if p not in known and not p.startswith(downloads)))
