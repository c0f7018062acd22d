"""Figures of a benchmark, printed as a table and stored as JSON to compare runs."""

import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.ratios import Ratio


class Results:
    """Collects the figures of a benchmark.

    Args:
        conditions: Description of the data and the machine.
    """

    def __init__(self, conditions: str) -> None:
        self._conditions = conditions
        self._figures: dict[str, dict[str, float]] = {}

    def add(self, name: str, ratio: Ratio) -> None:
        """Add a ratio with its range over the runs."""
        values = ratio.values
        self._figures[name] = {
            "median": round(statistics.median(values), 3),
            "least": round(min(values), 3),
            "most": round(max(values), 3),
        }

    def note(self, name: str, value: float) -> None:
        """Add a single figure."""
        self._figures[name] = {"median": round(value, 4)}

    def print(self) -> None:
        """Print a line for each figure."""
        print(self._conditions)
        for name, figure in self._figures.items():
            spread = (
                f"  ({figure['least']:.2f} to {figure['most']:.2f})" if "least" in figure else ""
            )
            print(f"  {name:<58} {figure['median']:8.3f}{spread}")

    def as_json(self) -> dict[str, Any]:
        """Conditions and figures as plain values."""
        return {"conditions": self._conditions, "figures": self._figures}


def write_results(results: dict[str, Results], path: Path) -> None:
    """Write the figures of several benchmarks as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {name: each.as_json() for name, each in results.items()}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
