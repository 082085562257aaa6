# SPDX-License-Identifier: Apache-2.0
"""Hold Lateen against Istio's own test tables: `python -m tests.conformance DIR [--json] [--only NAME]`.

DIR is a folder of corpora (`../shared/corpora`). Prints, for each corpus, how many rows passed, and why others were
skipped; a miss is printed with what was wrong. Exit code 1 on any miss, 2 when DIR is no such folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

CORPORA = {
    "validation": ("tests.conformance.validation", "validation"),
    "crd_validation": ("tests.conformance.validation", "crd_validation"),
    "simulation": ("tests.conformance.simulation_corpus", "simulation"),
    "sidecar_routes": ("tests.conformance.sidecar_routes", "sidecar_routes"),
    "traffic_capture": ("tests.conformance.traffic_capture", "traffic_capture"),
    "routing_cases": ("tests.conformance.routing_cases", "routing_cases"),
    "inject": ("tests.conformance.inject", "inject"),
}
"""Corpus -> the module and function that replays `<corpus>.json` and returns a Report."""


def main() -> int:
    """Replay the corpora that are there."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", choices=sorted(CORPORA), action="append", help="this corpus only")
    options = parser.parse_args()
    reports = {}
    for corpus, (module, function) in CORPORA.items():
        path = options.folder / f"{corpus}.json"
        if (options.only and corpus not in options.only) or not path.exists():
            continue
        replay: Callable[..., object] = getattr(import_module(module), function)
        reports[corpus] = replay(json.loads(path.read_text()))
    if not reports:
        print(f"{options.folder} holds none of {', '.join(CORPORA)}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({name: report.summary() for name, report in reports.items()}, indent=1))
    else:
        for name, report in reports.items():
            for miss in report.misses:
                print(f"{name}: {miss}")
        print(f"{'corpus':18}{'rows':>6}{'passed':>8}{'missed':>8}{'skipped':>9}")
        for name, report in reports.items():
            skipped = sum(report.skipped.values())
            print(f"{name:18}{report.rows:>6}{report.passed:>8}{len(report.misses):>8}{skipped:>9}")
            for reason, count in sorted(report.skipped.items()):
                print(f"    {count} skipped: {reason}")
    return int(any(report.misses for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
