# SPDX-License-Identifier: Apache-2.0
"""Services: defaults, validity, and what a change of type takes away. Addresses are given out by `allocation`."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, duplicate, forbidden_field, invalid_value, required, unsupported
from lateen.apiserver.strategy import names
from lateen.apiserver.strategy.pod_rules import port_name

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def _default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        client.setdefault("timeoutSeconds", 10800)
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port["port"]
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        ingress = ((document.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        for entry in ingress:
            if entry.get("ip"):
                entry.setdefault("ipMode", "VIP")


def _prepare(document: Document) -> None:
    document["status"] = {"loadBalancer": {}}
    _drop(document["spec"])


def _prepare_update(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {"loadBalancer": {}})
    spec, before = new["spec"], old["spec"]
    if spec["type"] != "ExternalName" and before["type"] != "ExternalName":
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if name in before:
                spec.setdefault(name, before[name])
    if spec["type"] == before["type"] and spec["type"] in ("NodePort", "LoadBalancer"):
        known = {(p.get("protocol"), p["port"]): p.get("nodePort") for p in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            number = known.get((port.get("protocol"), port["port"]))
            if number and spec.get("allocateLoadBalancerNodePorts", True):
                port.setdefault("nodePort", number)
        if before.get("healthCheckNodePort"):
            spec.setdefault("healthCheckNodePort", before["healthCheckNodePort"])
    if spec["type"] != before["type"]:
        _type_changed(spec, before, new)
    _drop(spec)


def _type_changed(spec: dict[str, Any], before: dict[str, Any], new: Document) -> None:
    if spec["type"] == "ExternalName":
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            spec.pop(name, None)
    if spec["type"] not in ("NodePort", "LoadBalancer"):
        known = {p.get("nodePort") for p in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            if port.get("nodePort") in known:
                port.pop("nodePort", None)
    if spec["type"] != "LoadBalancer":
        new["status"] = {**new["status"], "loadBalancer": {}}


def _drop(spec: dict[str, Any]) -> None:
    """Leave out what the type has no use for."""
    if spec["type"] != "LoadBalancer":
        spec.pop("allocateLoadBalancerNodePorts", None)
        spec.pop("loadBalancerClass", None)
    if spec["type"] not in ("LoadBalancer", "NodePort") and (
        spec["type"] != "ClusterIP" or not spec.get("externalIPs")
    ):
        spec.pop("externalTrafficPolicy", None)
    if spec.get("externalTrafficPolicy") != "Local" or spec["type"] != "LoadBalancer":
        spec.pop("healthCheckNodePort", None)


def _validate(document: Document) -> list[Cause]:
    spec = document["spec"]
    kind, ports = spec["type"], spec.get("ports") or []
    found: list[Cause] = []
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        found.append(required("spec.ports"))
    if kind == "ExternalName":
        found += _external_name(spec)
    if kind in ("NodePort", "LoadBalancer") and headless:
        found.append(invalid_value("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    seen: set[str] = set()
    pairs: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        found += _port(port, f"spec.ports[{index}]", len(ports) > 1, kind, seen)
        pair = (port.get("protocol", ""), port["port"])
        if pair in pairs:
            found.append(Cause("FieldValueDuplicate", f"Duplicate value: {_as_go(pair)}", f"spec.ports[{index}]"))
        pairs.add(pair)
    found += names.label_causes(spec.get("selector"), "spec.selector")
    if spec["sessionAffinity"] not in ("None", "ClientIP"):
        found.append(unsupported("spec.sessionAffinity", spec["sessionAffinity"], ("ClientIP", "None")))
    if kind not in _TYPES:
        found.append(unsupported("spec.type", kind, _TYPES))
    return found


def _as_go(pair: tuple[str, int]) -> str:
    """A port without what does not identify it, in the form Kubernetes shows its internal types."""
    return f'{{"Name":"","Protocol":"{pair[0]}","AppProtocol":null,"Port":{pair[1]},"TargetPort":0,"NodePort":0}}'


def _external_name(spec: dict[str, Any]) -> list[Cause]:
    name = str(spec.get("externalName", "")).removesuffix(".")
    if not name:
        return [required("spec.externalName")]
    found = [invalid_value("spec.externalName", name, text) for text in names.subdomain(name.lower())]
    if spec.get("clusterIP"):
        found.append(forbidden_field("spec.clusterIPs", "may not be set for ExternalName services"))
    return found


def _port(port: dict[str, Any], field: str, several: bool, kind: str, seen: set[str]) -> list[Cause]:
    found: list[Cause] = []
    name = port.get("name", "")
    if not name and several:
        found.append(required(f"{field}.name"))
    elif name:
        found += [invalid_value(f"{field}.name", name, text) for text in names.label(name)]
        if name in seen:
            found.append(duplicate(f"{field}.name", name))
        seen.add(name)
    if not 0 < port.get("port", 0) < 65536:
        found.append(invalid_value(f"{field}.port", port.get("port", 0), "must be between 1 and 65535, inclusive"))
    if port.get("protocol") not in _PROTOCOLS:
        found.append(unsupported(f"{field}.protocol", port.get("protocol"), _PROTOCOLS))
    target = port.get("targetPort")
    if isinstance(target, int) and not 0 < target < 65536:
        found.append(invalid_value(f"{field}.targetPort", target, "must be between 1 and 65535, inclusive"))
    elif isinstance(target, str):
        found += [invalid_value(f"{field}.targetPort", target, text) for text in port_name(target)]
    if port.get("nodePort") and kind not in ("NodePort", "LoadBalancer"):
        found.append(forbidden_field(f"{field}.nodePort", "may not be used when `type` is 'ClusterIP'"))
    return found


def _validate_update(new: Document, old: Document) -> list[Cause]:
    spec, before = new["spec"], old["spec"]
    if spec["type"] == "ExternalName" or before["type"] == "ExternalName":
        return []
    if before.get("clusterIP") and spec.get("clusterIP") != before["clusterIP"]:
        return [invalid_value("spec.clusterIPs[0]", [spec.get("clusterIP", "")], "may not change once set")]
    return []


def _warnings(document: Document) -> list[str]:
    spec = document["spec"]
    found: list[str] = []
    if spec.get("externalIPs"):
        if spec["type"] == "ExternalName":
            found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
        else:
            found.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if spec["type"] != "ExternalName" and spec.get("externalName"):
        found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    return found


STRATEGY = Strategy(
    warnings=_warnings,
    default=_default,
    prepare=_prepare,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    name_rule="label",
    create_on_update=True,
    returns_deleted=True,
)
