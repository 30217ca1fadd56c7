"""What killed processes and a failing provider cost, beside the same campaigns left in peace.

    python -m bench.chaos [--touches N] [--kills K] [--seed S]

Runs `manage.py chaos` twice in a space of its own. Both times are whole runs, from an empty
database to the last touch's end; a lease that a dead worker held is waited for. Prints one JSON
line: {"bench", "value", "unit", "raw", "ratio", …} with the figures of the broken run.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Measure, print one line; a violation ends the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--touches", type=int, default=3_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    size = ("--touches", str(told.touches), "--seed", str(told.seed))
    calm = run(*size, "--kills", "0", "--faults", "none")
    broken = run(*size, "--kills", str(told.kills))
    value, raw = rate(broken), rate(calm)
    figures = {"bench": "chaos", "value": value, "unit": "touches/s", "raw": raw}
    print(json.dumps({**figures, "ratio": round(value / raw, 3), **broken}))


def run(*options: str) -> dict[str, Any]:
    """One run's document. Raises CalledProcessError where anything was doubled or lost."""
    done = subprocess.run(
        [sys.executable, "manage.py", "chaos", "--json", *options],
        cwd=ROOT,
        env={**os.environ, "TOUCHSTONE_SPACE": "bench_chaos"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def rate(document: dict[str, Any]) -> float:
    """Touches brought to their end in a second of the whole run."""
    return round(document["touches"] / document["seconds"], 1)


if __name__ == "__main__":
    main()
