"""Whether a wheel of this checkout, installed into an empty environment, serves an answer.

    python -m tools.measure_install [--record]

Builds the wheel, installs it with the extra ``serve`` from the package index, starts ``kgreason serve`` there and asks
it one question by curl. The checkout is not on the environment's path.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tools import results
from tools.bench.figures import Figure, report
from tools.claims.claim import at_least

__all__ = ["TARGETS", "built", "curled", "installed"]

ANSWERED = "wheel, answers of a server in an empty environment to one curl"
TARGETS = {ANSWERED: at_least(1)}
ROOT = Path(__file__).parents[1]
#: Seconds within which the server takes its address, and within which curl has its answer.
STARTED, PATIENCE = 120, 60
_WHERE = {"question": "Where would you find a penguin?", "options": ["zoo", "oven", "library"]}
_PIP = "-m", "pip", "--quiet", "--disable-pip-version-check"


def built(folder: Path) -> Path:
    """The wheel of this checkout, written into a folder."""
    subprocess.run([sys.executable, *_PIP, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("kgreason-*.whl")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """The interpreter of a new environment that holds a wheel, its extra ``serve`` and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    constraints = ROOT / "tools" / "constraints.txt"
    subprocess.run([python, *_PIP, "install", "--constraint", constraints, f"{wheel}[serve]"], check=True)
    return python


def curled(python: Path, folder: Path) -> bool:
    """Whether a server started by an interpreter, away from the checkout, answers a question that curl asks."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), "-m", "kgreason", "serve", "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=own) as server:
        try:
            assert server.stdout is not None
            if not select.select([server.stdout], [], [], STARTED)[0]:
                return False
            address = f"{server.stdout.readline().strip()}/v1/ask"
            body = "--header", "Content-Type: application/json", "--data", json.dumps(_WHERE)
            ask = ["curl", "--silent", "--fail", "--max-time", str(PATIENCE), *body, address]
            answer = subprocess.run(ask, capture_output=True, text=True, check=False)
            return answer.returncode == 0 and json.loads(answer.stdout)["options"][0]["text"] in _WHERE["options"]
        finally:
            server.terminate()


def main() -> None:
    """Build, install, ask, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="append the figure to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, start = Path(name), perf_counter()
        wheel = built(folder)
        python = installed(wheel, folder / "environment")
        ready = perf_counter()
        answers = int(curled(python, folder))
        more = {
            "wheel_mb": round(wheel.stat().st_size / 1e6, 1),
            "install_s": round(ready - start),
            "answer_s": round(perf_counter() - ready),
        }
    command = "python -m tools.measure_install --record"
    report([Figure(ANSWERED, answers, "", more)], command, TARGETS, record=arguments.record, book=arguments.book)
    sys.stdout.write(f"{more}\n")


if __name__ == "__main__":
    main()
