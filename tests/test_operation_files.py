"""The files for operators name what there is: metrics, settings, services."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from serving.observability.metrics import Metrics
from serving.observability.service_state import ServiceState, StateCollector
from serving.settings import ENVIRONMENT
from shared_features.params import PROJECT_ROOT

OPERATION = PROJECT_ROOT / "docs" / "operation"
SUFFIXES = r"(_bucket|_count|_sum|_total|_info)?$"


def metric_names() -> set[str]:
    """Names of all families, as a scrape has them."""
    metrics = Metrics()
    state = ServiceState(True, {"done": 1}, 0, 1, 1, {"sha256": "0"})
    metrics.registry.register(StateCollector(lambda: state))
    return {family.name for family in metrics.registry.collect()}


def named(text: str) -> set[str]:
    found = re.findall(r"\b(?:straps|process)_[a-z_]+[a-z]\b", text)
    return {re.sub(SUFFIXES, "", name) for name in found if name != "straps_token"}


def test_the_dashboard_shows_metrics_that_exist() -> None:
    """In panels that do not overlap, with units."""
    dashboard: dict[str, Any] = json.loads((OPERATION / "grafana-dashboard.json").read_text())
    known = {re.sub(SUFFIXES, "", name) for name in metric_names()}
    places: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert named(target["expr"]) <= known, target["expr"]
            assert named(target["expr"])
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & places
        assert max(x for x, _ in cells) < 24  # the width of a dashboard
        places |= cells
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_guide_names_metrics_that_exist() -> None:
    guide = (OPERATION / "README.md").read_text(encoding="utf-8")
    table = "\n".join(line for line in guide.splitlines() if line.startswith("| `straps_"))
    known = {re.sub(SUFFIXES, "", name) for name in metric_names()}
    assert named(table) <= known
    own = {name for name in known if name.startswith("straps_")}
    assert own - named(table) <= {
        "straps_http_requests_in_progress",
        "straps_http_received_bytes",
        "straps_http_sent_bytes",
    }


def test_compose_sets_variables_that_exist() -> None:
    """And mounts files that exist."""
    compose: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "compose.yaml").read_text())
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            assert not name.startswith("STRAPS_") or name in {*ENVIRONMENT, "STRAPS_TOKENS"}
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (PROJECT_ROOT / Path(source)).is_file()
            else:
                assert source in compose["volumes"]
