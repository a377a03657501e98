"""The port's CMake files and pages, from its jinja2 templates."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError

from syncer.errors import SyncError
from syncer.files import read_text

_HINT = "The README lists what a template may use."


def render(template: Path, context: Mapping[str, Any]) -> bytes:
    """Render one template; same context, same bytes.

    Raises:
        SyncError: it cannot be read, is no template, or does not compute with this context; with
            its line.
    """
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    text = read_text(template, hint="port.toml names it in [[tree.template]].")
    name = str(template)
    try:
        code = environment.compile(text, name, name)
        return Template.from_code(environment, code, environment.globals).render(context).encode()
    except TemplateSyntaxError as error:
        raise SyncError(f"{name}:{error.lineno}: {error.message}", hint=_HINT) from None
    except Exception as error:  # an expression may raise whatever Python does
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == name]
        where = f"{name}:{lines[-1]}" if lines else name
        raise SyncError(f"{where}: {error}", hint=_HINT) from None
