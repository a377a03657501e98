"""What the tree stage remembers beside its folders, in JSON. A list that is not there, or damaged,
is empty: then all is made anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncer.durable import write_whole


def load_list(file: Path) -> dict[str, Any]:
    """What `save_list` wrote there; else {}."""
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def save_list(file: Path, value: Mapping[str, object]) -> None:
    """Write a list whole or not at all; a power cut may take it."""
    write_whole(file, json.dumps(value).encode(), durable=False)
