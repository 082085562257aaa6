# SPDX-License-Identifier: Apache-2.0
"""Metrics of the application and of the proxy from one place: the agent serves both at its status port."""

from __future__ import annotations

import json
import re
from typing import Final

from lateen.inject import annotation
from lateen.inject.document import Document, annotations_of, sidecar_of
from lateen.inject.target import Target
from lateen.inject.truth import parse_bool

_VARIABLE: Final = "ISTIO_PROMETHEUS_ANNOTATIONS"
_FIELDS: Final = ("scrape", "path", "port")
_UNUSUAL: Final = re.compile(r"[^a-zA-Z0-9_]")


def merge_prometheus(pod: Document, target: Target) -> None:
    """Point the annotations prometheus.io/* at the agent, and tell it where the application's metrics are.

    Not where the pod says that it is not scraped; `pod` is changed.
    """
    found = annotations_of(pod)
    own = parse_bool(found.get(annotation.MERGE_PROMETHEUS, ""))
    if not (target.settings.merge_prometheus if own is None else own):
        return
    said = {name: field for name in found for field in _FIELDS if _UNUSUAL.sub("_", name) == f"prometheus_io_{field}"}
    values = {field: found[name] for name, field in said.items()}
    port = str(target.proxy_config.status_port)
    if parse_bool(values.get("scrape", "")) is False or values.get("port") == port:
        return
    proxy = sidecar_of(pod)
    if proxy is not None and any(values.values()):
        value = json.dumps({field: values.get(field, "") for field in _FIELDS}, separators=(",", ":"))
        proxy.setdefault("env", []).append({"name": _VARIABLE, "value": value})
    marks = pod.setdefault("metadata", {}).setdefault("annotations", {})
    for name in said:
        del marks[name]
    marks |= {
        "prometheus.io/path": "/stats/prometheus",
        "prometheus.io/port": port,
        "prometheus.io/scrape": "true",
    }
