"""What held upstream's code back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Protection:
    """What held upstream's code back while it ran: whether it could reach no `network`, change
    and see no `files` but those it was given, and leave no `processes`. The environment is
    always scrubbed."""

    name: str
    network: bool
    files: bool
    processes: bool

    @property
    def whole(self) -> bool:
        """Whether nothing can be stolen or spoilt: neither sent nor read nor written."""
        return self.network and self.files
