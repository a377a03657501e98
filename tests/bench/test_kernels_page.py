"""ci/bench kernels --page: figures between two comments, and a chart, from one run's document."""

from __future__ import annotations

import importlib.util
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "port/rp2040/data/person_detection_hardware.json"


@pytest.fixture(scope="module")
def page() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "_kernels_page", ROOT / "ci/benches/_kernels_page.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def found() -> dict[str, object]:
    layers = [
        {"index": n, "op": layer["op"], "macs": 1000 * n, "stock": 4_000_000, "single": 2_000_000}
        | {"dual": 1_000_000}
        for n, layer in enumerate(json.loads(PUBLISHED.read_text())["dual_core"]["layers"])
    ]
    return {
        "model": "person_detection",
        "stock_ms": 992.0,
        "single_ms": 496.0,
        "dual_ms": 248.0,
        "dual_no_dma_ms": None,
        "dual_core_gain": 2.0,
        "least_gain": 1.9,
        "floor_cycles_per_mac": 1.75,
        "layers": layers,
        "firmware": [{"file": "two.elf", "sha256": "ab" * 32, "ms": 496.0}],
    }


def test_a_page_gets_its_figures_and_keeps_its_words(page: ModuleType, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{page.BEGIN}\nold figures\n{page.END}\nafter\n")
    page.write(found(), PUBLISHED, tmp_path)
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "old figures" not in text
    assert "| this port, two cores | emulator | 248.0 | 1.00x |" in text
    assert "| the fork, two cores | published | 587.4 | 2.37x |" in text
    assert "ab" * 32 in text
    assert "| 1 | DEPTHWISE_CONV_2D | 1,000 | 32.00 | 31.94 | 16.00 | 8.00 | 2.00x |" in text
    ET.parse(tmp_path / page.CHART)
    page.write(found(), PUBLISHED, tmp_path)
    assert readme.read_text() == text


def test_a_page_without_a_place_for_figures(page: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing\n")
    with pytest.raises(SystemExit, match="has not one"):
        page.write(found(), PUBLISHED, tmp_path)


def test_the_ports_page_has_figures(page: ModuleType) -> None:
    text = (ROOT / "port/rp2040/README.md").read_text()
    figures = text.split(page.BEGIN)[1].split(page.END)[0]
    assert "this port, two cores" in figures
    assert (ROOT / "port/rp2040" / page.CHART).is_file()
