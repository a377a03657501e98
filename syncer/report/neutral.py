"""Text that others wrote, made harmless in GitHub's Markdown.

Commit subjects, file names and firmware output are not ours. In a pull request they must not
notify people, link to other issues, close anything, or pass for formatting. GitHub looks for
mentions and references in the rendered text, so a backslash does not stop them: a zero-width space
inside does.
"""

from __future__ import annotations

import re
import unicodedata

_BREAK = "\u200b"
# An underscore inside a word is no emphasis, and names stay readable without the backslash.
_PUNCTUATION = re.compile(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])|([\\`*_\[\]#~|])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&dollar;"}
_LINKS = (
    (re.compile(r"@"), f"@{_BREAK}"),
    (re.compile(r"#(?=\w)"), f"#{_BREAK}"),
    (re.compile(r"://"), f":{_BREAK}//"),
    (re.compile(r"\b(www)\.", re.IGNORECASE), rf"\1{_BREAK}."),
    (re.compile(r"\b(mailto|xmpp):", re.IGNORECASE), rf"\1{_BREAK}:"),
    (re.compile(r"(?<![^\W_])(gh)-(?=\d)", re.IGNORECASE), rf"\1{_BREAK}-"),
)
_PICTURE = re.compile(r":(?=[a-z0-9_+-]+:)", re.IGNORECASE)  # :tada: outside code
# Characters that show nothing but are no formatting characters to Unicode: fillers, variation
# selectors, and what may become such (DerivedCoreProperties.txt, Default_Ignorable_Code_Point).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0e\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_MOST_MARKS = 4
# What would begin a list or be a rule at the start of a paragraph.
_LEADING = re.compile(r"[-+](?=\s)|[-+](?=[-+\s]*$)|[0-9]+(?=[.)](?:\s|$))")
_PLAIN_CODE = re.compile(r"[\w./+=:,()-]+(?: [\w./+=:,()-]+)*", re.ASCII)
BACKTICKED = re.compile(r"(?<!`)`([^`]*[^`\s][^`]*)`(?!`)")


class Markdown(str):
    """Text that is Markdown already and is not escaped again."""

    __slots__ = ()


def one_line(text: str, limit: int = 200) -> str:
    """`text` on one line without control or formatting characters, at most `limit` long."""
    kept: list[str] = []
    marks = 0  # combining ones in a row: a pile of them covers the lines above and below
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        match category:
            case "Cc" | "Zl" | "Zp" | "Zs":
                kept.append(" ")
            case "Cf":  # bidirectional overrides, zero-width characters, tags
                pass
            case "Cs":
                kept.append("\ufffd")
            case _ if marks <= _MOST_MARKS and not _INVISIBLE.fullmatch(char):
                kept.append(char)
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _defuse(line: str) -> str:
    for pattern, safe in _LINKS:
        line = pattern.sub(safe, line)
    return line


def _html(line: str) -> str:
    return "".join(_ENTITIES.get(char, char) for char in line)


def text(value: str, limit: int = 200) -> Markdown:
    """`value` as one line of plain text, also inside a table."""
    return _text(_PICTURE.sub(f":{_BREAK}", _defuse(one_line(value, limit))))


def _text(line: str) -> Markdown:
    line = _PUNCTUATION.sub(_escape, line)
    if lead := _LEADING.match(line):
        at = lead.end() if lead[0].isdigit() else 0
        line = f"{line[:at]}\\{line[at:]}"
    return Markdown(_html(line))


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[1] if match[1] else match[0]


def code(value: str, limit: int = 200) -> Markdown:
    """`value` as code, also inside a table. A code element takes what backticks cannot hold."""
    line = one_line(value, limit)
    plain = _PLAIN_CODE.fullmatch(line) and line == _defuse(line)
    return Markdown(f"`{line}`" if plain else f"<code>{_text(_defuse(line))}</code>")


def prose(value: str, limit: int = 1000) -> Markdown:
    """Our own sentences with others' names in them: backticks keep their meaning."""
    parts = BACKTICKED.split(one_line(value, limit))
    return Markdown("".join(code(p, limit) if i % 2 else _inline(p) for i, p in enumerate(parts)))


def _inline(part: str) -> str:
    # text() strips; between code spans the outer spaces matter.
    lead, tail = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
    return f"{lead}{text(part, len(part) + 1)}{tail}" if part.strip() else part


def block(value: str, lines: int = 40, width: int = 200) -> Markdown:
    """The last lines of a log as a preformatted block. Lines keep their indentation."""
    shown = value.splitlines()[-lines:]
    safe = []
    for line in shown:
        body = one_line(line, width)
        indent = min(len(line) - len(line.lstrip(" ")), 16)
        safe.append(" " * indent + _html(_defuse(body)))
    return Markdown("<pre>\n" + "\n".join(safe) + "\n</pre>")
