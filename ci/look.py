"""Pictures of a report, and what a browser says of it: see ci/look."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

BROWSERS = ("chromium-headless-shell", "chromium")
# Name, width in CSS pixels, whether the system's colours are dark.
LOOKS = (("light", 1180, False), ("dark", 1180, True), ("phone", 390, False))
_TALLEST = 12_000

# What a body looks like on GitHub, near enough to judge it by.
_GITHUB = """<!DOCTYPE html><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>body</title><style>
:root { color-scheme: light dark; --line: #d1d9e0; --bg: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --bg: #151b23; }
  body { background: #0d1117; color: #f0f6fc; } }
body { font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 900px; margin: 24px auto;
  padding: 0 16px; overflow-wrap: break-word; }
h2, h3 { border-bottom: 1px solid var(--line); padding-bottom: .3em; }
h3 { border: 0; }
table { border-collapse: collapse; display: block; overflow: auto; margin: 0 0 16px; }
th, td { border: 1px solid var(--line); padding: 6px 13px; }
code, pre { background: var(--bg); border-radius: 6px; font: 85% "DejaVu Sans Mono", monospace; }
code { padding: .2em .4em; } pre { padding: 16px; overflow: auto; } pre code { padding: 0; }
</style>
"""
# Run in the page: its size, and every text whose contrast is less than WCAG 2.2's AA asks for.
_PROBE = """<script>
function rgb(text) { return text.match(/[\\d.]+/g).map(Number); }
function light(c) {
  const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(e) {
  for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
}
const faint = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
  if (!text || e.closest('svg, script, style')) continue;
  const style = getComputedStyle(e), a = light(rgb(style.color)), b = light(ground(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
  if (ratio < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5)) faint.push([text, ratio]);
}
const root = document.documentElement;
root.dataset.found = JSON.stringify({
  width: root.scrollWidth, view: root.clientWidth, height: root.scrollHeight, faint: faint,
  dark: matchMedia('(prefers-color-scheme: dark)').matches });
</script>"""


@dataclass(frozen=True)
class Found:
    """What a browser found of a page: `width` and `height` of all it holds in CSS pixels, `view`
    the window's width, `faint` texts with their contrast, whether it was `dark`."""

    width: int
    view: int
    height: int
    faint: list[tuple[str, float]]
    dark: bool


def browser() -> str | None:
    """The browser's program; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def html_of(file: Path) -> str:
    """The page to look at: the file itself, or a body in Markdown as GitHub would show it."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".md":
        return text
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return _GITHUB + str(markdown.render(text))


def probe(html: str, width: int, dark: bool) -> Found:
    """Load a page and ask it. The page itself allows no scripts, so a copy is asked that does."""
    asked = re.sub(r"<meta http-equiv=[^>]*>", "", html)
    if "</body>" not in asked:
        asked += "</body>"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(asked.replace("</body>", f"{_PROBE}</body>"), encoding="utf-8")
        shown = _run(file, width, 1000, dark, "--dump-dom")
    said = re.search(r'data-found="([^"]*)"', shown)
    if not said:
        raise RuntimeError("the browser did not answer")
    return Found(**json.loads(said[1].replace("&quot;", '"').replace("&amp;", "&")))


def picture(html: str, width: int, dark: bool, to: Path) -> Found:
    """A picture of the whole page, in a file; and what was found of it."""
    found = probe(html, width, dark)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(html, encoding="utf-8")
        _run(file, width, min(found.height + 20, _TALLEST), dark, f"--screenshot={to}")
    return found


def _run(file: Path, width: int, height: int, dark: bool, what: str) -> str:
    program = browser()
    if program is None:
        sys.exit("look: no chromium-headless-shell here; ci/setup installs it")
    # A window cannot be as narrow as a phone: it is a frame in a wider page that is.
    done = subprocess.run(
        [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            *(f"--window-size={width},{height}", what, file.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        sys.exit(f"look: {program} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="ci/look", description=(__doc__ or "").split(":")[0])
    parser.add_argument("file", nargs="+", type=Path, help="report.html, or a body in Markdown")
    parser.add_argument("--to", type=Path, default=Path(), help="folder for the pictures")
    asked = parser.parse_args(arguments)
    if browser() is None:
        parser.error("no chromium-headless-shell here; ci/setup installs it")
    for file in asked.file:
        if not file.is_file():
            parser.error(f"there is no file {file}")
    asked.to.mkdir(parents=True, exist_ok=True)
    bad = 0
    for file in asked.file:
        for name, width, dark in LOOKS:
            to = (asked.to / f"{file.stem}-{name}.png").resolve()
            found = picture(html_of(file), width, dark, to)
            wide = f", {found.width - found.view} px too wide" if found.width > found.view else ""
            print(f"{to}: {found.view} x {found.height}{wide}, {len(found.faint)} faint texts")
            bad += bool(wide) + len(found.faint)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
