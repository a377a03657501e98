"""Test programs: what ran, what failed, what changed."""

from __future__ import annotations

from typing import Any

from syncer.model import Verdict
from syncer.report.numbers import plural

Document = dict[str, Any]


def tests(document: Document) -> list[Document]:
    return list(document["tests"]["results"]) if document["tests"] else []


def failed_tests(document: Document) -> list[Document]:
    return [test for test in tests(document) if test["failed"]]


def excepted_tests(document: Document) -> list[Document]:
    return [test for test in tests(document) if test["exception"]]


def unbuilt_tests(document: Document) -> list[Document]:
    """Tests that do not build, if that is where the roll ended."""
    ended = document["build"] and document["verdict"] == Verdict.BUILD
    return list(document["build"]["unbuilt"]) if ended else []


def tests_tally(document: Document) -> str:
    """ "135 found: 133 passed, 2 excepted, 1,012 cases"."""
    ran = tests(document)
    cases = sum(1 for test in ran for case in test["cases"] if case["passed"])
    counts = (
        ("passed", sum(1 for test in ran if test["passed"])),
        ("failed", len(failed_tests(document))),
        ("excepted", len(excepted_tests(document))),
    )
    said = [f"{count:,} {what}" for what, count in counts if count or what == "passed"]
    return f"{len(ran):,} found: {', '.join([*said, plural(cases, 'case')])}"


def _test_changes(document: Document) -> list[Document]:
    changes = document["tests"]["changes"] if document["tests"] else []
    return [item for item in changes if item["before"] != item["now"]]


def test_changes(document: Document) -> list[str]:
    """What became of the accepted tests and their cases; holds code in backticks."""
    said = []
    for change_ in _test_changes(document):
        name, before, now = change_["name"], change_["before"], change_["now"]
        if before is None:
            said.append(f"`{name}` is new: {plural(now, 'case')}.")
        elif now is None:
            said.append(f"`{name}` is gone: {plural(before, 'case')} no longer run.")
        else:
            less = ": fewer than before" if now < before else ""
            said.append(f"`{name}` ran {plural(now, 'case')}, accepted were {before:,}{less}.")
    return said


def lost_tests(document: Document) -> list[str]:
    """Those of `test_changes` by which something is tested no more."""
    return [
        said
        for said, change_ in zip(test_changes(document), _test_changes(document), strict=True)
        if change_["before"] is not None and (change_["now"] or 0) < change_["before"]
    ]


def unneeded_exceptions(document: Document) -> list[str]:
    """Exceptions that port.toml no longer needs; holds code in backticks."""
    found = document["tests"]["unneeded"] if document["tests"] else []
    return [
        f"The exception for `{item['name']}` is not needed any more: {item['why']}."
        for item in found
    ]
