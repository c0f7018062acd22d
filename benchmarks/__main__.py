"""The main figures of docs/performance.md in one run: ``python -m benchmarks`` (or ``make bench``).

Others have their own commands: ``agreement``, ``memory``, ``training``, ``live --capacity``,
``liveness``, ``soak``.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import analyze, features, live, start
from benchmarks.results import write_results
from shared_features.params import PROJECT_ROOT
from shared_features.runtime import console


def main() -> None:
    """Run the benchmarks, print their tables and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="number of runs of each video")
    parser.add_argument("--out", type=Path, default=PROJECT_ROOT / "out" / "benchmarks.json")
    arguments = parser.parse_args()
    measured = {"features": features.run()}
    measured["features"].print()
    measured["starts"] = start.run()
    measured["starts"].print()
    with tempfile.TemporaryDirectory() as folder:
        for sessions in (1, 2):
            name = f"live, {sessions} session{'s' * (sessions > 1)}"
            measured[name] = live.run(live.DEMO, sessions, live.SECONDS, Path(folder))
            measured[name].print()
    measured["video"] = analyze.run(None, arguments.rounds)
    measured["video"].print()
    write_results(measured, arguments.out)
    print(f"Written to {arguments.out}; benchmarks/baseline.json is an earlier run.")


if __name__ == "__main__":
    console.run(main)
