"""The kinds of value that port.toml's keys take; each says what is allowed."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict

from syncer.git import PROTOCOLS

CLOSED = ConfigDict(extra="forbid", strict=True, defer_build=True)


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not path or path.startswith("/") or ".." in parts or "\\" in path or ".git" in parts:
        raise ValueError("must be a relative path that stays inside its root")
    return path


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError("may hold letters, digits, '.', '_' and '-' only")
    return name


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def _one_group(pattern: str) -> str:
    if re.compile(_pattern(pattern)).groups != 1:
        raise ValueError("must have exactly one group: the commit or tag")
    return pattern


def _one_group_at_most(pattern: str) -> str:
    if re.compile(_pattern(pattern)).groups > 1:
        raise ValueError("must have one group at most: a part of the version")
    return pattern


def _glob(pattern: str) -> str:
    if any("**" in part and part != "**" for part in PurePosixPath(_inside(pattern)).parts):
        raise ValueError("may have ** only as a whole folder's name")
    return pattern


def _url(url: str) -> str:
    scheme = url.partition("://")[0] if "://" in url else "file"
    if not url or url.startswith("-") or scheme not in PROTOCOLS:
        raise ValueError(f"must be a URL ({', '.join(PROTOCOLS)}) or a path")
    return url


def _branch(name: str) -> str:
    if not re.fullmatch(r"[^-/\s~^:?*\[\\][^\s~^:?*\[\\]*", name) or ".." in name:
        raise ValueError("is no name for a branch")
    return name


def _matches(text: str, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"must be {what}: {pattern}")
    return text


def _at_least(number: int, least: int) -> int:
    if number < least:
        raise ValueError(f"must be at least {least}")
    return number


def _share(percent: float) -> float:
    if not 0 <= percent <= 1000:
        raise ValueError("must be a percentage from 0 to 1000")
    return percent


def _folder(path: str) -> str:
    return path if path == "." else _inside(path)


RelativePath = Annotated[str, AfterValidator(_inside)]
Folder = Annotated[str, AfterValidator(lambda path: _folder(path))]
Glob = Annotated[str, AfterValidator(_glob)]
Regex = Annotated[str, AfterValidator(_pattern)]
Name = Annotated[str, AfterValidator(_name)]
Url = Annotated[str, AfterValidator(_url)]
Branch = Annotated[str, AfterValidator(_branch)]
OptionalBranch = Annotated[str, AfterValidator(lambda name: name and _branch(name))]
OptionalFolder = Annotated[str, AfterValidator(lambda path: path and _folder(path))]
RepositoryName = Annotated[
    str, AfterValidator(lambda text: text and _matches(text, r"[\w.-]+/[\w.-]+", "owner/name"))
]
Label = Annotated[
    str, AfterValidator(lambda text: _matches(text, r"[\w.:/-][\w.:/ -]{0,49}", "a label"))
]
Reviewer = Annotated[
    str, AfterValidator(lambda text: _matches(text, r"[\w-]+(?:/[\w.-]+)?", "a user, or org/team"))
]
Author = Annotated[
    str, AfterValidator(lambda text: _matches(text, r"[^<>\s][^<>\n]* <[^<>\s]+>", "Name <mail>"))
]
# What goes onto a command line may not be taken for an option there.
Word = Annotated[str, AfterValidator(lambda text: _matches(text, r"[A-Za-z_][\w./-]*", "a name"))]
Natural = Annotated[int, AfterValidator(lambda number: _at_least(number, 0))]
Count = Annotated[int, AfterValidator(lambda number: _at_least(number, 1))]
BlobId = Annotated[str, AfterValidator(lambda text: _matches(text, "[0-9a-f]{40}", "a blob id"))]
ArrayKind = Literal["bytes", "bmp", "wav", "csv"]
Element = Literal["int8_t", "int16_t", "int32_t", "float"]
CName = Annotated[str, AfterValidator(lambda text: _matches(text, r"[A-Za-z_]\w*", "a C name"))]
PinPattern = Annotated[str, AfterValidator(_one_group)]
VersionPattern = Annotated[str, AfterValidator(_one_group_at_most)]
Optimisation = Annotated[
    str, AfterValidator(lambda text: _matches(text, r"-O\w*", "an option of the compiler's"))
]
Sentence = Annotated[str, AfterValidator(lambda text: _matches(text, r"(?s).*\S.*", "a sentence"))]
Percent = Annotated[float, AfterValidator(_share)]


def some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """A validator: the list may not be empty."""
    if not items:
        raise ValueError("must name at least one")
    return items
