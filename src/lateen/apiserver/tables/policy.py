# SPDX-License-Identifier: Apache-2.0
"""The tables of budgets, priorities, quotas and autoscalers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, UNKNOWN, age_of, name_of


def _budget(document: Document, now: datetime) -> list[Any]:
    spec = document.get("spec") or {}
    allowed = (document.get("status") or {}).get("disruptionsAllowed", 0)
    return [
        name_of(document),
        str(spec.get("minAvailable", "N/A")),
        str(spec.get("maxUnavailable", "N/A")),
        allowed,
        age_of(document, now),
    ]


BUDGET = Table(
    (NAME, Column("Min Available"), Column("Max Unavailable"), Column("Allowed Disruptions", "integer"), AGE), _budget
)


def _priority(document: Document, now: datetime) -> list[Any]:
    return [
        name_of(document),
        document.get("value", 0),
        bool(document.get("globalDefault")),
        age_of(document, now),
        document.get("preemptionPolicy", ""),
    ]


PRIORITY = Table(
    (NAME, Column("Value", "integer"), Column("Global-Default", "boolean"), AGE, Column("PreemptionPolicy")), _priority
)


def _quota(document: Document, now: datetime) -> list[Any]:
    status = document.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    texts = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    limits = [text for name, text in texts.items() if name.startswith("limits.")]
    requests = [text for name, text in texts.items() if not name.startswith("limits.")]
    return [name_of(document), ", ".join(requests), ", ".join(limits), age_of(document, now)]


QUOTA = Table((NAME, Column("Request"), Column("Limit"), AGE), _quota)


def _metric(metric: dict[str, Any], current: dict[str, Any]) -> str:
    kind = metric.get("type", "")
    source = metric.get(kind[:1].lower() + kind[1:]) or {}
    target = source.get("target") or {}
    found = (current.get(kind[:1].lower() + kind[1:]) or {}).get("current") or {}
    label = f"{source['name']}: " if kind == "Resource" and source.get("name") else ""
    if "averageUtilization" in target:
        now = f"{found['averageUtilization']}%" if "averageUtilization" in found else UNKNOWN
        return f"{label}{now}/{target['averageUtilization']}%"
    for field, suffix in (("averageValue", " (avg)" if kind not in ("Resource", "Pods") else ""), ("value", "")):
        if field in target:
            return f"{label}{found.get(field, UNKNOWN)}/{target[field]}{suffix}"
    return UNKNOWN


def _autoscaler(document: Document, now: datetime) -> list[Any]:
    spec, status = document.get("spec") or {}, document.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    current = status.get("currentMetrics") or []
    metrics = [_metric(m, current[i] if i < len(current) else {}) for i, m in enumerate(spec.get("metrics") or ())]
    shown = ", ".join(metrics[:2]) + (f" + {len(metrics) - 2} more..." if len(metrics) > 2 else "")
    return [
        name_of(document),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        shown or "<none>",
        str(spec.get("minReplicas", "<unset>")),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age_of(document, now),
    ]


AUTOSCALER = Table(
    (NAME, Column("Reference"), Column("Targets"), Column("MinPods"), Column("MaxPods"), Column("Replicas"), AGE),
    _autoscaler,
)
