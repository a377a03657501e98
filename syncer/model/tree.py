"""What the generated tree is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from syncer.model.protection import Protection


class Origin(StrEnum):
    """Who declares a program: port.toml, or upstream's Makefile."""

    PORT = "port"
    UPSTREAM = "upstream"


@dataclass(frozen=True)
class Program:
    """A program that the generated tree can build. `kind` is "benchmark", "check", "test" or
    "example"; `sources` are its own, beside the library. `cases`: a test that uses upstream's test
    framework, so it must print at least one case."""

    name: str
    kind: str
    sources: tuple[str, ...]
    origin: Origin = Origin.PORT
    cases: bool = True


# What the error of a tree that a person changed says; its report is told by it.
EDITED = "was edited in place: "


@dataclass(frozen=True)
class TreeResult:
    """The generated tree. `digest` is the SHA-256 over every path, mode and content;
    `protection` is what held upstream's makefile back; `undeclared` are upstream's test sources
    that its Makefile makes no program of."""

    path: str
    digest: str
    files: int
    bytes: int
    sources: int
    headers: int
    by_component: dict[str, int] = field(default_factory=dict)
    protection: Protection | None = None
    programs: tuple[Program, ...] = ()
    undeclared: tuple[str, ...] = ()
