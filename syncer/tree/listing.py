"""Upstream's own Makefile, asked which files make up the library, and which its tests are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch

from syncer import foreign
from syncer.errors import Exit, SyncError
from syncer.port import Tests, Tree
from syncer.tree.checkout import SOURCE_SUFFIXES, Checkout

_TIMEOUT_SECONDS = 300

# Upstream's macro runs a Python script for each program's inputs as soon as the makefile that
# declares it is read. This one, which upstream's cannot replace, only remembers the arguments.
_WRAPPER_FILE = "sync-programs.mk"
_WRAPPER = """\
override define {macro}
SYNC_PROGRAMS += $(strip $(1))
$(strip $(1))_LOCAL_SRCS := $(2)
$(strip $(1))_LOCAL_HDRS := $(3)
$(strip $(1))_LOCAL_INPUTS := $(4)
endef
.PHONY: sync_programs
sync_programs:
include {makefile}
$(foreach P,$(SYNC_PROGRAMS),$(info \
sync-program|$(P)|$($(P)_LOCAL_SRCS)|$($(P)_LOCAL_HDRS)|$($(P)_LOCAL_INPUTS)))
sync_programs:
\t@echo 'sync-end|$(words $(SYNC_PROGRAMS))'
"""


@dataclass(frozen=True)
class Listing:
    """Paths relative to upstream's checkout, sorted, each once."""

    sources: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted((*self.sources, *self.others)))


@dataclass(frozen=True)
class Declared:
    """A program that upstream's Makefile declares, by paths relative to its checkout. `inputs`
    are models and data that it makes C arrays of."""

    name: str
    sources: tuple[str, ...]
    headers: tuple[str, ...]
    inputs: tuple[str, ...]


def list_files(checkout: Checkout, tree: Tree, sandbox: foreign.Sandbox | None = None) -> Listing:
    """Ask upstream's Makefile, in one call, for the library's sources and headers.

    Args:
        checkout: upstream's files, with every component below its downloads folder.
        tree: names the makefile, its goals and variables, what its download step prints when it
            is satisfied (`expected_output`, regular expressions) and which files to drop.
        sandbox: what holds the makefile back; by default the strongest that works here.

    Raises:
        SyncError: make failed, said anything unexpected, or names a file that is not there.
    """
    if not checkout.has(tree.makefile):
        raise SyncError(
            f"upstream has no {tree.makefile}",
            hint="It was moved or deleted upstream; follow it in port.toml, tree.makefile.",
            about=((tree.makefile,),),
        )
    output = _ask_make(checkout, tree, tree.goals, tree.variables, sandbox)
    listed = {
        path for path in output.split() if not any(fnmatch(path, item) for item in tree.exclude)
    }
    for path in sorted(listed):
        if not checkout.has(path):
            raise SyncError(
                f"{tree.makefile} lists {path}, which is no file of upstream's",
                hint="Its goals may print something else today; see tree.goals in port.toml.",
                exit=Exit.BUILD,
                about=((path,), (tree.makefile,)),
            )
    sources = sorted(path for path in listed if path.endswith(SOURCE_SUFFIXES))
    if not sources:
        raise SyncError(
            f"{tree.makefile} lists no source", exit=Exit.BUILD, about=((tree.makefile,),)
        )
    return Listing(tuple(sources), tuple(sorted(listed.difference(sources))))


def list_tests(
    checkout: Checkout, tree: Tree, tests: Tests, sandbox: foreign.Sandbox | None = None
) -> tuple[Declared, ...]:
    """Ask upstream's Makefile, in one call, for its tests, sorted by name.

    Args:
        checkout: as for `list_files`.
        tests: names the macro that declares a program, the call's variables, and which names
            are tests'.

    Raises:
        SyncError: make failed, said anything unexpected, declares no test, a test without
            sources, or one that names a file that is not there.
    """
    wrapper = _WRAPPER.format(macro=tests.macro, makefile=tree.makefile)
    output = _ask_make(checkout, tree, ["sync_programs"], tests.variables, sandbox, wrapper)
    rows = [line.split("|") for line in output.splitlines() if line.startswith("sync-")]
    if not rows or rows[-1] != ["sync-end", str(len(rows) - 1)]:
        raise SyncError(
            f"{tree.makefile} was not read to its end",
            hint="It may start another make today; see [test] in port.toml.",
            exit=Exit.BUILD,
            detail=output[-2000:],
            about=((tree.makefile,), (posixpath.dirname(tree.makefile),)),
        )
    declared = {
        row[1]: Declared(row[1], *(tuple(dict.fromkeys(words.split())) for words in row[2:]))
        for row in rows[:-1]
    }
    found = [
        program
        for name, program in sorted(declared.items())
        if any(fnmatch(name, pattern) for pattern in tests.names)
    ]
    if not found:
        raise SyncError(
            f"{tree.makefile} declares {len(declared)} programs by {tests.macro}, and no test",
            hint="The macro or its tests were renamed upstream: follow them in port.toml, "
            "test.macro and test.names.",
            exit=Exit.BUILD,
            about=((tree.makefile,), (posixpath.dirname(tree.makefile),)),
        )
    for program in found:
        _check_declared(checkout, tree, program)
    return tuple(found)


def _check_declared(checkout: Checkout, tree: Tree, program: Declared) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][\w.+-]*", program.name) or not program.sources:
        raise SyncError(
            f"{tree.makefile}: test {program.name!r} is declared with {len(program.sources)} "
            "sources",
            hint="The macro's arguments may have changed upstream; see test.macro in port.toml.",
            exit=Exit.BUILD,
            about=((tree.makefile,), (posixpath.dirname(tree.makefile),)),
        )
    # A header that is not there need not be: what a source includes is looked for anyway.
    for path in (*program.sources, *program.inputs):
        if not checkout.has(path):
            raise SyncError(
                f"{tree.makefile}: test {program.name} needs {path}, which is not there",
                hint="Upstream's Makefile is wrong, or `only` in port.toml leaves the file out.",
                exit=Exit.BUILD,
                about=((path,), (tree.makefile,)),
            )


def _ask_make(
    checkout: Checkout,
    tree: Tree,
    goals: Sequence[str],
    variables: Mapping[str, str],
    sandbox: foreign.Sandbox | None,
    wrapper: str = "",
) -> str:
    """What one call of make prints; by `wrapper`, a makefile of our own, if that is given. Every
    run of upstream's Makefile is here."""
    sandbox = sandbox or foreign.choose()
    command = ["make", "-s", "-f", _WRAPPER_FILE if wrapper else tree.makefile, *goals]
    command += [f"{name}={value}" for name, value in variables.items()]
    question = [command, wrapper, tree.expected_output, asdict(sandbox.protection)]
    return checkout.answer(question, lambda: _made(checkout, tree, command, sandbox, wrapper))


def _made(
    checkout: Checkout, tree: Tree, command: list[str], sandbox: foreign.Sandbox, wrapper: str
) -> str:
    # The checkout is not for it to change: what is in there is what the tree is made of.
    room = foreign.Room(checkout.folder, readable=(checkout.folder,))
    if wrapper:
        (checkout.folder / _WRAPPER_FILE).write_text(wrapper)
    try:
        done = foreign.run(command, room, seconds=_TIMEOUT_SECONDS, sandbox=sandbox)
    finally:
        (checkout.folder / _WRAPPER_FILE).unlink(missing_ok=True)
    if done.late:
        raise SyncError(
            f"{tree.makefile} did not answer within {_TIMEOUT_SECONDS} s", exit=Exit.BUILD
        )
    unexpected = [
        line
        for line in done.err.splitlines()
        if not any(re.search(pattern, line) for pattern in tree.expected_output)
    ]
    if done.status or unexpected:
        raise SyncError(
            f"{tree.makefile}: "
            + (f"exit {done.status}" if done.status else "said something unexpected"),
            hint="A component may be missing below tree.downloads in port.toml, or one of its "
            "tree.goals was renamed upstream.",
            exit=Exit.BUILD,
            detail="\n".join(unexpected[-20:]),
            about=(_named(unexpected), (tree.makefile,), (posixpath.dirname(tree.makefile),)),
        )
    return done.out


def _named(output: Iterable[str]) -> tuple[str, ...]:
    """What looks like a path of upstream's in the makefile's complaints."""
    words = (word for line in output for word in re.findall(r"[^\s'\"`]+", line))
    paths = (re.sub(r"(:\d+)?[:.,]?$", "", word).rstrip("/") for word in words)
    return tuple(dict.fromkeys(p for p in paths if re.fullmatch(r"[\w.+-]+(/[\w.+-]+)+", p)))
