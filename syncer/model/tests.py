"""How upstream's tests went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TestCase:
    name: str
    passed: bool


@dataclass(frozen=True)
class TestResult:
    """One test program. `reason` says why it did not pass (a hang, a fault, a truncated line,
    silence, failed cases); `stage` is "build" where it could not be run at all. `complete`: it ran
    to its end, and its own count of cases agrees with those seen. `exception` is the cause for
    which port.toml lets it fail, if it failed so. `report`: where it stood when a fault or its
    budget stopped it, as the emulator tells."""

    name: str
    passed: bool
    cases: tuple[TestCase, ...] = ()
    reason: str = ""
    cycles: int = 0
    stage: str = "run"
    complete: bool = False
    exception: str = ""
    report: str = ""

    @property
    def failed(self) -> bool:
        """It did not pass, and no exception allows for that."""
        return not self.passed and not self.exception


@dataclass(frozen=True)
class TestChange:
    """A test whose number of cases is not the accepted one; None: no such test then, or now."""

    name: str
    before: int | None
    now: int | None


@dataclass(frozen=True)
class UnneededException:
    """An exception of port.toml's that has nothing to except, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class TestsResult:
    results: tuple[TestResult, ...]
    changes: tuple[TestChange, ...] = ()
    unneeded: tuple[UnneededException, ...] = ()

    @property
    def passed(self) -> bool:
        return bool(self.results) and not any(r.failed for r in self.results)
