# SPDX-License-Identifier: Apache-2.0
"""Ingress, IngressClass and NetworkPolicy."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, invalid_value, required, unsupported

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def _ingress(document: Document) -> list[Cause]:
    spec = document.get("spec") or {}
    found: list[Cause] = []
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        found.append(invalid_value("spec", [], "either `defaultBackend` or `rules` must be specified"))
    for index, rule in enumerate(spec.get("rules") or ()):
        for position, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            field = f"spec.rules[{index}].http.paths[{position}]"
            kind = path.get("pathType")
            if kind is None:
                found.append(required(f"{field}.pathType", "pathType must be specified"))
            elif kind not in _PATH_TYPES:
                found.append(unsupported(f"{field}.pathType", kind, _PATH_TYPES))
            elif kind != "ImplementationSpecific" and not str(path.get("path", "")).startswith("/"):
                found.append(invalid_value(f"{field}.path", path.get("path", ""), "must be an absolute path"))
            found += _backend(path.get("backend") or {}, f"{field}.backend")
    return found


def _backend(backend: dict[str, Any], field: str) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is None and resource is None:
        return [required(field, "resource or service backend is required")]
    if service is not None:
        if not service.get("name"):
            return [required(f"{field}.service.name")]
        if not service.get("port"):
            return [required(field, "port name or number is required")]
    return []


def _ingress_prepare(document: Document) -> None:
    document["status"] = {"loadBalancer": {}}


def _ingress_update(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {"loadBalancer": {}})


INGRESS = Strategy(prepare=_ingress_prepare, prepare_update=_ingress_update, validate=_ingress, generation=True)


def _class_default(document: Document) -> None:
    parameters = (document.get("spec") or {}).get("parameters")
    if parameters is not None:
        parameters["scope"] = parameters.get("scope") or "Cluster"


def _class_update(new: Document, old: Document) -> list[Cause]:
    before, after = old.get("spec", {}).get("controller"), new.get("spec", {}).get("controller")
    return [] if before == after else [invalid_value("spec.controller", after, "field is immutable")]


INGRESS_CLASS = Strategy(default=_class_default, validate_update=_class_update, generation=True)


def _policy_default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                port.setdefault("protocol", "TCP")


NETWORK_POLICY = Strategy(default=_policy_default, generation=True)
