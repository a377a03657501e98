"""Upstream and its third-party pins: bare clones under the user's cache, brought up to date once,
then read without a network."""

from syncer.components.fetching import fetch_those_there, is_whole, repository, sound
from syncer.components.reference import find_commit, with_history
from syncer.components.resolving import resolve
from syncer.components.source import Source, chosen, load_mirrors, sources

__all__ = [
    "Source",
    "chosen",
    "fetch_those_there",
    "find_commit",
    "is_whole",
    "load_mirrors",
    "repository",
    "resolve",
    "sound",
    "sources",
    "with_history",
]
