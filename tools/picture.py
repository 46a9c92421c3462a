"""The picture in the README: a real run of a command, drawn as it looks in a terminal.

python -m tools.picture docs/images/ask.svg -- ask "Where would you find a penguin?" --options zoo desert oven
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kgreason import storage

WIDTH = 96


def main() -> None:
    """Run the command and write what it printed as SVG."""
    output, separator, *command = sys.argv[1:]
    if separator != "--":
        sys.exit("usage: python -m tools.picture OUT.svg -- COMMAND ...")
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    run = subprocess.run(
        [sys.executable, "-m", "kgreason", *command, "--quiet"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ kgreason {shlex.join(command)}\n", style="bold"))
    console.print(Text.from_ansi(run.stdout))
    storage.write_text(Path(output), console.export_svg(title="kgreason"))


if __name__ == "__main__":
    main()
