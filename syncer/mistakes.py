"""A TOML file as dataclasses, and what is wrong with it: every mistake with file, line and key."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from syncer.errors import SyncError
from syncer.files import line_of, nearest, read_text

T = TypeVar("T")
Keys = tuple[str | int, ...]

_TABLES = ("dataclass_type", "dataclass_exact_type", "dict_type")
_MISSING = ("missing", "missing_argument")


def checked(file: Path, data: dict[str, Any], schema: TypeAdapter[T], *, hint: str) -> T:
    """What a TOML file says, once it is known to be what `schema` takes.

    Args:
        file: where `data` was read from.
        data: the file's tables; a key that is a Python keyword has an underscore at its end.

    Raises:
        SyncError: with each mistake's line and key, and for an unknown key the one meant.
    """
    found = list(_control_characters(data))
    if not found:
        try:
            # Through JSON, because strictness there still takes an array for a tuple.
            return schema.validate_json(json.dumps(data, default=str))
        except ValidationError as error:
            found = list(_problems(error.errors(), lambda keys: _known(schema, keys)))
    text = read_text(file)
    lines = [(line_of(text, keys), what) for keys, what in found]
    told = [f"{file}:{line}: {what}" if line else f"{file}: {what}" for line, what in lines]
    if len(told) == 1:
        raise SyncError(told[0], hint=hint)
    raise SyncError(f"{file}: {len(told)} mistakes", detail="\n".join(told), hint=hint)


def _control_characters(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _control_characters(item, (*keys, key))
    elif isinstance(value, str) and (found := re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value)):
        yield keys, f"{_dotted(keys)}: has a control character, 0x{ord(found[0]):02x}"


def _problems(
    errors: list[ErrorDetails], known: Callable[[Keys], list[str]]
) -> Iterator[tuple[Keys, str]]:
    """What is wrong, each with the keys that lead there. A key that is missing under its right
    name and there under a wrong one is one mistake."""
    meant: set[Keys] = set()
    for item in sorted(errors, key=lambda item: item["type"] in _MISSING):
        keys: Keys = tuple(k.removesuffix("_") if isinstance(k, str) else k for k in item["loc"])
        where = _dotted(keys)
        if item["type"] == "unexpected_keyword_argument":
            names = known(keys[:-1])
            near = nearest(str(keys[-1]), names)
            meant.add((*keys[:-1], near))
            what = f"did you mean {near!r}?" if near else f"known are {', '.join(names)}"
            yield keys, f"{where}: unknown key; {what}"
        elif item["type"] in _MISSING:
            if keys not in meant:
                yield keys, f"[{where}]: missing" if len(keys) == 1 else f"{where}: missing"
        elif item["type"] in _TABLES:
            yield keys, f"{where}: must be a table, not {item['input']!r:.60}"
        else:
            what = item["msg"].removeprefix("Value error, ")
            yield keys, f"{where}: {what}, not {item['input']!r:.60}"


def _dotted(keys: Keys) -> str:
    return ".".join(map(str, keys))


def _known(schema: TypeAdapter[Any], keys: Keys) -> list[str]:
    """The keys of the table that `keys` lead to."""
    kind: Any = schema._type
    for key in keys:
        if dataclasses.is_dataclass(kind):
            hints = get_type_hints(kind)
            kind = hints.get(str(key)) or hints[f"{key}_"]
        else:
            kind = get_args(kind)[-1 if isinstance(key, str) else 0]
    return [item.name.removesuffix("_") for item in dataclasses.fields(kind)]
