"""The status document: one JSON object that holds all a roll found.

Everything a person reads is rendered from it. `status.schema.json` describes it; nothing is written
or read that does not fit.
"""

from __future__ import annotations

import json
from dataclasses import fields
from enum import Enum
from functools import cache
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema_rs

from syncer.errors import Exit, SyncError
from syncer.model import Figure, OverrideResult, Roll, TestResult, TestsResult, Verdict

SCHEMA = 1

Document = dict[str, Any]

# What follows from other fields, but every reader would have to compute.
_DERIVED: dict[type, tuple[str, ...]] = {
    OverrideResult: ("drifted",),
    TestResult: ("failed",),
    TestsResult: ("passed",),
    Figure: ("over",),
    Roll: ("exit",),
}


def status_document(roll: Roll) -> Document:
    """A roll as its status document. Same roll, same document, key order included."""
    return {"schema": SCHEMA, **plain(roll)}


def proposing(document: Document) -> Document:
    """The document of a roll that found nothing new as that of the roll before, which passed: what
    that one proposed need not be merged yet."""
    if document["verdict"] != Verdict.UP_TO_DATE:
        return document
    return {**document, "verdict": Verdict.PASSED.value}


def plain(value: Any) -> Any:
    """A part of a roll as it stands in its status document."""
    kind: Any = type(value)
    if value is None or kind in (str, int, bool, float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    return {name: plain(getattr(value, name)) for name in _names(kind)}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return (*(item.name for item in fields(kind)), *_DERIVED.get(kind, ()))


@cache
def schema() -> Document:
    """The JSON Schema (2020-12) of the status document."""
    text = resources.files("syncer.report").joinpath("status.schema.json").read_text("utf-8")
    loaded: Document = json.loads(text)
    return loaded


def check(document: object, source: str = "the status document") -> None:
    """Raises SyncError, naming the first place, if `document` does not fit the schema."""
    # The validator takes no surrogate escapes, which stand for bytes of a path that is no UTF-8.
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    error = min(_validator().iter_errors(json.loads(text)), key=_depth, default=None)
    # Of what may be one thing or another, what comes nearest to one of them.
    while error is not None and isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        error = max(chain.from_iterable(error.kind.context), key=_depth)
    if error is not None:
        steps = (
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
        )
        raise SyncError(
            f"{source}: ${''.join(steps)}: {error.message[:300]}",
            hint="It was written by another version of sync, or changed by hand: roll again.",
        )


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema())


def _depth(error: jsonschema_rs.ValidationError) -> int:
    return len(error.instance_path)


def dumps(document: Document) -> str:
    """The document as JSON text, plain ASCII.

    Raises:
        SyncError: it does not fit the schema, which is a bug.
    """
    try:
        check(document)
        return json.dumps(document, indent=2, allow_nan=False) + "\n"
    except SyncError as error:
        raise SyncError(error.message, exit=Exit.BUG) from error


def loads(text: str, source: str = "the status document") -> Document:
    """A document from its JSON text.

    Raises:
        SyncError: it is no JSON or does not fit the schema.
    """
    try:
        document: Document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SyncError(f"{source}: not valid JSON: {error}", hint="Roll again.") from None
    check(document, source)
    return document


def load(path: Path) -> Document:
    """Read a document.

    Raises:
        SyncError: the file cannot be read, is no JSON, or does not fit the schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SyncError(f"{path}: {error.strerror}", hint="A roll writes it: roll first.") from None
    except UnicodeDecodeError:
        raise SyncError(f"{path}: not valid UTF-8", hint="Roll again.") from None
    return loads(text, str(path))
