# SPDX-License-Identifier: Apache-2.0
"""The tables of the core group, pods apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, NONE, UNKNOWN, age, age_of, labels_text, name_of


def _namespace(document: Document, now: datetime) -> list[Any]:
    return [name_of(document), (document.get("status") or {}).get("phase", ""), age_of(document, now)]


NAMESPACE = Table((NAME, Column("Status"), AGE), _namespace)


def _config_map(document: Document, now: datetime) -> list[Any]:
    count = len(document.get("data") or ()) + len(document.get("binaryData") or ())
    return [name_of(document), count, age_of(document, now)]


CONFIG_MAP = Table((NAME, Column("Data"), AGE), _config_map)


def _secret(document: Document, now: datetime) -> list[Any]:
    return [name_of(document), document.get("type", ""), len(document.get("data") or ()), age_of(document, now)]


SECRET = Table((NAME, Column("Type"), Column("Data"), AGE), _secret)


def _service(document: Document, now: datetime) -> list[Any]:
    spec = document.get("spec") or {}
    addresses = spec.get("clusterIPs") or [NONE]
    ports = ",".join(_port(port) for port in spec.get("ports") or ())
    return [
        name_of(document),
        spec.get("type", ""),
        addresses[0],
        _external(document),
        ports or NONE,
        age_of(document, now),
        labels_text(spec.get("selector")),
    ]


SERVICE = Table(
    (
        NAME,
        Column("Type"),
        Column("Cluster-IP"),
        Column("External-IP"),
        Column("Port(s)"),
        AGE,
        Column("Selector", priority=1),
    ),
    _service,
)


def _port(port: dict[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', '')}"


def _external(document: Document) -> str:
    spec = document.get("spec") or {}
    given = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
        case "LoadBalancer":
            return ",".join(load_balancer(document) + given) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case _:
            return UNKNOWN


def load_balancer(document: Document) -> list[str]:
    """The addresses or names that a load balancer published, sorted."""
    ingress = ((document.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    found = {entry.get("ip") or entry.get("hostname") for entry in ingress}
    return sorted(text for text in found if text)


def more(texts: list[str], count: int) -> str:
    """The first three, and how many more there are."""
    if not texts:
        return NONE
    shown = ",".join(texts[:3])
    return f"{shown} + {count - 3} more..." if count > 3 else shown


def _endpoints(document: Document, now: datetime) -> list[Any]:
    texts: list[str] = []
    for subset in document.get("subsets") or ():
        addresses = [a["ip"] for a in subset.get("addresses") or ()]
        if not subset.get("ports"):
            texts += addresses
        for port in subset.get("ports") or ():
            texts += [f"[{a}]:{port['port']}" if ":" in a else f"{a}:{port['port']}" for a in addresses]
    shown = more(texts, len(texts)) if document.get("subsets") else NONE
    return [name_of(document), shown, age_of(document, now)]


ENDPOINTS = Table((NAME, Column("Endpoints"), AGE), _endpoints)

_ROLE = "node-role.kubernetes.io/"


def _node(document: Document, now: datetime) -> list[Any]:
    status, labels = document.get("status") or {}, document["metadata"].get("labels") or {}
    ready = next((c for c in status.get("conditions") or () if c.get("type") == "Ready"), None)
    states = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if (document.get("spec") or {}).get("unschedulable"):
        states.append("SchedulingDisabled")
    roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)} | {
        labels.get("kubernetes.io/role", "")
    }
    info = status.get("nodeInfo") or {}
    kernel = info.get("kernelVersion") or UNKNOWN
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    return [
        name_of(document),
        ",".join(states),
        ",".join(sorted(roles - {""})) or NONE,
        age_of(document, now),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        kernel,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _address(status: dict[str, Any], kind: str) -> str:
    return next((a["address"] for a in status.get("addresses") or () if a.get("type") == kind), NONE)


NODE = Table(
    (
        NAME,
        Column("Status"),
        Column("Roles"),
        AGE,
        Column("Version"),
        Column("Internal-IP", priority=1),
        Column("External-IP", priority=1),
        Column("OS-Image", priority=1),
        Column("Kernel-Version", priority=1),
        Column("Container-Runtime", priority=1),
    ),
    _node,
)


def _event(document: Document, now: datetime) -> list[Any]:
    involved = document.get("involvedObject") or {}
    source, series = document.get("source") or {}, document.get("series")
    first = age(document.get("firstTimestamp") or document.get("eventTime"), now)
    last = age(document["lastTimestamp"], now) if document.get("lastTimestamp") else first
    count = document.get("count") or 1
    if series:
        last, count = age(series.get("lastObservedTime"), now), series.get("count", 0)
    kind = involved.get("kind", "").lower()
    host = source.get("host") or document.get("reportingInstance")
    component = source.get("component") or document.get("reportingComponent") or ""
    return [
        last,
        document.get("type", ""),
        document.get("reason", ""),
        f"{kind}/{involved['name']}" if involved.get("name") else kind,
        involved.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        document.get("message", "").strip(),
        first,
        count,
        name_of(document),
    ]


EVENT = Table(
    (
        Column("Last Seen"),
        Column("Type"),
        Column("Reason"),
        Column("Object"),
        Column("Subobject", priority=1),
        Column("Source", priority=1),
        Column("Message"),
        Column("First Seen", priority=1),
        Column("Count", priority=1),
        Column("Name", "string", "name", priority=1),
    ),
    _event,
)
