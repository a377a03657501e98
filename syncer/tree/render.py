"""The port's CMake files and pages, from its jinja2 templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError

from syncer.errors import SyncError


def render(template: Path, context: Mapping[str, Any]) -> bytes:
    """Render one template; same context, same bytes.

    Raises:
        SyncError: it cannot be read, is no template, or uses a name the context does not have.
    """
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    try:
        text = template.read_text(encoding="utf-8")
        return environment.from_string(text).render(context).encode()
    except OSError as error:
        raise SyncError(f"{template}: {error.strerror}") from None
    except TemplateSyntaxError as error:
        raise SyncError(f"{template}:{error.lineno}: {error.message}") from None
    except TemplateError as error:
        raise SyncError(
            f"{template}: {error}", hint="The README lists what a template may use."
        ) from None
