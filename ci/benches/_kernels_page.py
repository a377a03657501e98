"""The page port/rp2040/README.md: its figures between two comments, and a chart of each layer."""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path
from typing import Any

Found = dict[str, Any]

BEGIN = "<!-- figures: written by ci/bench kernels --page -->"
END = "<!-- end of figures -->"
CHART = "layers.svg"
CLOCK_MHZ = 125
CORES = 2
LEFT, RIGHT, BAR, GAP = 190, 130, 5, 9
SCALE = 8.0  # pixels for a millisecond
SERIES = (
    ("stock, one core", "#9aa0a6"),
    ("fork, two cores", "#e8a33d"),
    ("ours, one core", "#7aa9e0"),
    ("ours, two cores", "#1a5fb4"),
    ("floor, two cores", "#26a269"),
)


def write(found: Found, hardware: Path, folder: Path) -> None:
    """Put the figures of one run into `folder`'s README.md and chart.

    Args:
        hardware: what the fork's authors measured and published, as JSON: of one core and of two,
            microseconds by layer.
    """
    published = json.loads(hardware.read_text(encoding="utf-8"))
    page = folder / "README.md"
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{page} has not one {BEGIN} and one {END}")
    head, rest = text.split(BEGIN)
    body = "\n\n".join([BEGIN, _totals(found, published), _layers(found, published)])
    page.write_text(f"{head}{body}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")
    (folder / CHART).write_text(_chart(found, published), encoding="utf-8")


def floor_ms(found: Found, macs: int) -> float:
    """Milliseconds on two cores if there were nothing but the products."""
    return float(macs * found["floor_cycles_per_mac"] / CORES / CLOCK_MHZ / 1000)


def _totals(found: Found, published: Found) -> str:
    macs = sum(row["macs"] for row in found["layers"])
    dual = found["dual_ms"]
    rows: list[tuple[str, str, float]] = [
        ("CMSIS-NN as upstream has it, one core", "emulator", found["stock_ms"]),
        *(
            (f"the fork's program `{given['file']}`", "emulator", given["ms"])
            for given in found["firmware"]
        ),
        ("the fork, one core", "published", published["single_core"]["total_us"] / 1000),
        ("the fork, two cores", "published", published["dual_core"]["total_us"] / 1000),
        ("this port, one core", "emulator", found["single_ms"]),
        ("this port, two cores", "emulator", dual),
    ]
    if found["dual_no_dma_ms"]:
        rows.append(("this port, two cores, no DMA", "emulator", found["dual_no_dma_ms"]))
    rows.append(("the products alone (floor), two cores", "computed", floor_ms(found, macs)))
    lines = ["| | | ms | to this port on two cores |", "|:--|:--|--:|--:|"]
    lines += [f"| {name} | {how} | {ms:,.1f} | {ms / dual:.2f}x |" for name, how, ms in rows]
    least = found["least_gain"]
    lines += [
        "",
        f"The second core makes it {found['dual_core_gain']:.2f} times as fast"
        + (f", and no layer over 5 ms less than {least:.2f} times." if least else "."),
    ]
    lines += [
        f"`{given['file']}` has the SHA-256 `{given['sha256']}`." for given in found["firmware"]
    ]
    return "\n".join(lines)


def _layers(found: Found, published: Found) -> str:
    lines = [
        f"![Milliseconds of each layer]({CHART})",
        "",
        "| | Operator | MAC | stock, ms | fork, two cores (published), ms | ours, one core, ms |"
        " ours, two cores, ms | second core | cycles/MAC: stock | ours, 1 | ours, 2 | floor |",
        "|--:|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row, fork in zip(found["layers"], _fork(found, published), strict=True):
        per_mac = ("–", "–", "–")
        if row["macs"]:
            cycles = (row["stock"], row["single"], CORES * row["dual"])
            per_mac = tuple(f"{n / row['macs']:.2f}" for n in cycles)  # type: ignore[assignment]
        lines.append(
            f"| {row['index']} | {row['op']} | {row['macs']:,} | {_ms(row['stock']):.2f} | "
            f"{'–' if fork is None else f'{fork:.2f}'} | {_ms(row['single']):.2f} | "
            f"{_ms(row['dual']):.2f} | {row['single'] / row['dual']:.2f}x | "
            + " | ".join([*per_mac, f"{found['floor_cycles_per_mac']}" if row["macs"] else "–"])
            + " |"
        )
    return "\n".join(lines)


def _ms(cycles: int) -> float:
    return cycles / CLOCK_MHZ / 1000


def _fork(found: Found, published: Found) -> list[float | None]:
    """The fork's milliseconds by layer; None where its model has no such layer."""
    layers = published["dual_core"]["layers"]
    same = [row["op"] for row in found["layers"]] == [layer["op"] for layer in layers]
    return [layer["us"] / 1000 if same else None for layer in layers][: len(found["layers"])] + [
        None
    ] * max(0, len(found["layers"]) - len(layers))


def _chart(found: Found, published: Found) -> str:
    """Bars, five for each layer that takes any time to see."""
    rows: list[tuple[Found, tuple[float | None, ...]]] = []
    for row, fork in zip(found["layers"], _fork(found, published), strict=True):
        values = (_ms(row["stock"]), fork, _ms(row["single"]), _ms(row["dual"]))
        if _ms(row["stock"]) >= 0.5:
            rows.append((row, (*values, floor_ms(found, row["macs"]))))
    block = BAR * len(SERIES) + GAP
    widest = max(v or 0 for _, values in rows for v in values)
    width, height = round(LEFT + widest * SCALE + RIGHT), block * len(rows) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(found['model'])}: milliseconds of each layer at {CLOCK_MHZ} MHz</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    x = LEFT
    for name, colour in SERIES:
        parts.append(f'<rect x="{x}" y="12" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="21">{name}</text>')
        x += 112
    for number, (row, bars) in enumerate(rows):
        top = 40 + number * block
        label = f"{row['index']} {row['op']}"
        parts.append(
            f'<text x="{LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(label)}</text>'
        )
        for line, (value, (_, colour)) in enumerate(zip(bars, SERIES, strict=True)):
            if value is None:
                continue
            y = top + line * BAR
            parts.append(
                f'<rect x="{LEFT}" y="{y}" width="{max(value * SCALE, 0.5):.1f}" '
                f'height="{BAR - 1}" fill="{colour}"/>'
            )
        parts.append(
            f'<text x="{LEFT + max(v or 0 for v in bars) * SCALE + 6:.1f}" y="{top + 16}">'
            f"{_ms(row['stock']):.1f} → {_ms(row['dual']):.2f} ms</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
