"""How long the everyday commands take, as whole processes: `python benchmarks/speed.py`.

Prints, for each command, the minimum, median and maximum of wall seconds over several runs after one warm-up, beside
the limit that the project sets itself.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
KG = [sys.executable, "-m", "kg"]
COMMANDS: list[tuple[str, float, list[str]]] = [
    ("kg --help", 0.3, ["--help"]),
    ("kg build", 10.0, ["build", "--quiet"]),
    ("kg ask agreements", 0.6, ["ask", "agreements"]),
    ("kg ask status-on", 0.6, ["ask", "status-on", "--date", "2025-06-01", "--format", "json"]),
    ("kg show", 1.0, ["show", "El Salvador"]),
    ("kg export trig", 1.0, ["export", "--format", "trig", "-o", "x.trig"]),
]


def seconds(arguments: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run([*KG, *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    os.environ["PYTHONPATH"] = str(root)
    print(f"{'command':<20} {'min':>6} {'median':>6} {'max':>6} {'limit':>6}   ({RUNS} runs, seconds)")
    with tempfile.TemporaryDirectory() as folder:
        seconds(["build", "--quiet"], folder)
        for name, limit, arguments in COMMANDS:
            seconds(arguments, folder)
            times = sorted(seconds(arguments, folder) for _ in range(RUNS))
            print(f"{name:<20} {times[0]:6.2f} {statistics.median(times):6.2f} {times[-1]:6.2f} {limit:6.2f}")


if __name__ == "__main__":
    main()
