"""One roll in a history: what it was made of and its deterministic figures, nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, field
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from syncer.errors import SyncError
from syncer.model import Verdict

FORMAT = 1
Document = dict[str, Any]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class Entry:
    """`date` is that of upstream's `commit` (committer's, UTC); `commits` are all pins by
    component; `figures` as in sync.lock, in cycles and bytes; `clock_hz` is each model's, `ticks`
    its latency as the firmware measured it, in us (none in entries of earlier versions); `carried`
    is a digest of the port's patches and overrides."""

    port: str
    date: str
    commit: str
    verdict: str
    format: int = FORMAT
    commits: dict[str, str] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)
    clock_hz: dict[str, int] = field(default_factory=dict)
    ticks: dict[str, int] = field(default_factory=dict)
    carried: str = ""

    @property
    def name(self) -> str:
        """The file's name: equal for equal rolls, and in upstream's order when sorted."""
        said = json.dumps([asdict(self)[key] for key in ("commits", "figures", "carried")])
        mark = hashlib.sha256(f"{self.verdict}{said}".encode()).hexdigest()[:8]
        day = self.date.replace(":", "").replace("-", "")
        return f"{day}-{self.commit[:12]}-{mark}.json"


_SCHEMA = TypeAdapter(Entry)


def entry_of(document: Document) -> Entry | None:
    """A status document's entry; None where the roll measured nothing that is the same on every
    run, or left the port's changes out."""
    benches, resolved = document["benches"], document["resolved"]
    if not benches or not resolved or document["bare"]:
        return None
    figures = {f["name"]: f["new"] for f in benches["figures"] if f["unit"] != "us"}
    if not figures:
        return None
    carried = json.dumps(document["rebased"]["carried"] if document["rebased"] else {})
    upstream, verdict = resolved["upstream"], Verdict(document["verdict"])
    if verdict is Verdict.UP_TO_DATE:  # the same roll once more
        verdict = Verdict.PASSED
    return Entry(
        port=document["port"],
        date=upstream["date"],
        commit=upstream["commit"],
        verdict=verdict.value,
        commits={pin["name"]: pin["commit"] for pin in [upstream, *resolved["components"]]},
        figures=dict(sorted(figures.items())),
        clock_hz={r["name"]: r["clock_hz"] for r in benches["results"] if r["cycles"]},
        ticks={r["name"]: r["ticks"] for r in benches["results"] if r["cycles"]},
        carried=hashlib.sha256(carried.encode()).hexdigest()[:12],
    )


def entry_text(entry: Entry) -> str:
    """The file's text; equal entries give equal bytes."""
    return json.dumps(asdict(entry), indent=1, sort_keys=True) + "\n"


def read_entry(text: str | bytes, source: str) -> Entry:
    """An entry from its file's text.

    Raises:
        SyncError: it is none, or of a format that this version does not read.
    """
    try:
        return _SCHEMA.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SyncError(
            f"{source}: {where}{': ' if where else ''}{first['msg']}: no roll of a history",
            hint="Remove it from the history; the next roll writes its own.",
        ) from None
