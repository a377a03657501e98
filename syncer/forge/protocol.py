"""What publishing is, wherever it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from syncer.model import Proposal


@dataclass(frozen=True)
class Published:
    """What came of a proposal. `url` is where a person finds it, None where nothing was sent;
    `text` says in a sentence what was done."""

    action: Literal["created", "updated", "unchanged", "would-create"]
    url: str | None
    text: str


class Forge(Protocol):
    """Takes a proposal to where a maintainer sees it. Doing so twice changes nothing more."""

    def publish(self, proposal: Proposal) -> Published:
        """Publish `proposal`.

        Raises:
            SyncError: it could not be published; what to mend is in the hint.
        """
        ...
