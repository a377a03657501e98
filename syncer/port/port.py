"""A port: what its port.toml says, and where its files are."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from syncer.errors import SyncError
from syncer.port.tables import Patches, PortFile


@dataclass(frozen=True)
class Port:
    """A port: what its port.toml says, where that lies, and where its state is kept. A `bare` one
    has neither patches nor overrides: what is left is upstream's, in the port's build. One for
    rolls that are made to find something out keeps its state `aside`, below that name."""

    file: Path
    root: Path
    toml: PortFile
    bare: bool = False
    aside: str = ""

    @property
    def name(self) -> str:
        return self.toml.port.name

    def needs(self, name: str, path: str) -> bool:
        """Whether a roll needs a file of the repository `name`, by the patterns of its `only`."""
        return self._only[name].match(path) is not None

    @cached_property
    def _only(self) -> dict[str, re.Pattern[str]]:
        """The patterns of each repository's `only` as one; without any, everything fits."""
        only = {self.toml.upstream.name: self.toml.upstream.only}
        only |= {component.name: component.only for component in self.toml.component}
        return {n: re.compile("|".join(map(fnmatch.translate, p))) for n, p in only.items()}

    @property
    def lock_file(self) -> Path:
        return self.file.with_name("sync.lock")

    @property
    def sizes_file(self) -> Path:
        return self.file.with_name("sync.sizes")

    @property
    def state(self) -> Path:
        name = f"{self.name}-bare" if self.bare else self.name
        return self.root / ".sync" / (f"{name}-{self.aside}" if self.aside else name)

    def stripped(self) -> Port:
        """The port without its patches and overrides, and with a state of its own."""
        nowhere = Patches(folder=f".sync/{self.name}-bare/no-patches")
        toml = replace(self.toml, patches=nowhere, override=(), region=())
        return replace(self, toml=toml, bare=True)

    def on_trial(self) -> Port:
        """The port with a state of its own, for rolls that only find something out."""
        return replace(self, aside="why")

    def at(self, path: str) -> Path:
        """A path of port.toml on disk.

        Raises:
            SyncError: it resolves (through a symlink) to somewhere outside the port's root.
        """
        full = (self.root / path).resolve()
        if not full.is_relative_to(self.root):
            raise SyncError(
                f"{self.file}: {path} leads outside {self.root}",
                hint="Keep the port's files below its root, without symlinks out of it.",
            )
        return full

    def read(self, path: str) -> bytes:
        """The bytes of a file that port.toml names.

        Raises:
            SyncError: it is not there, cannot be read, or lies outside the root.
        """
        full = self.at(path)
        try:
            return full.read_bytes()
        except OSError as error:
            raise SyncError(
                f"{full}: {error.strerror}", hint=f"{self.file} names it; restore or correct it."
            ) from None
