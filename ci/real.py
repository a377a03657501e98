"""The roll on real TensorFlow Lite Micro, and its figures as a table; see ci/real."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from syncer.components import load_mirrors, sources
from syncer.errors import SyncError
from syncer.git import ls_remote
from syncer.port import load_port
from syncer.report import render, status

SKIPPED = 77


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--mirrors",
        type=Path,
        default=os.environ.get("SYNC_MIRRORS"),
        help="table of URL -> mirror (default: the one SYNC_MIRRORS names)",
    )
    parser.add_argument("--report", type=Path, help="write the report (Markdown) here too")
    options, rest = parser.parse_known_args()

    port = load_port(Path(__file__).resolve().parents[1] / "port" / "port.toml")
    found = sources(port, load_mirrors(options.mirrors))
    try:
        for source in found.values():
            ls_remote(source.place, "HEAD")
    except SyncError as error:
        print(f"skipped: {error.message}")
        return SKIPPED

    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "status.json"
        command = [sys.executable, "-m", "syncer", "roll", "--port", str(port.file)]
        command += ["--json", str(document), *rest]
        if options.mirrors:
            command += ["--mirrors", str(options.mirrors.resolve())]
        code = subprocess.run(command, check=False).returncode
        if document.is_file():
            text = render.markdown(status.load(document))
            print("\n" + text)
            if options.report:
                options.report.write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
