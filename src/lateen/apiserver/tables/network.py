# SPDX-License-Identifier: Apache-2.0
"""The tables of networking.k8s.io, discovery.k8s.io and coordination.k8s.io."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, NONE, age_of, name_of, selector_text
from lateen.apiserver.tables.core import load_balancer, more

_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _ingress(document: Document, now: datetime) -> list[Any]:
    spec = document.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    shown = ",".join(hosts[:3]) + (f" + {len(hosts) - 3} more..." if len(hosts) > 3 else "")
    return [
        name_of(document),
        spec.get("ingressClassName", NONE),
        shown or "*",
        ",".join(load_balancer(document)),
        "80, 443" if spec.get("tls") else "80",
        age_of(document, now),
    ]


INGRESS = Table((NAME, Column("Class"), Column("Hosts"), Column("Address"), Column("Ports"), AGE), _ingress)


def _ingress_class(document: Document, now: datetime) -> list[Any]:
    spec = document.get("spec") or {}
    name, shown = name_of(document), NONE
    if (document["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true":
        name += " (default)"
    parameters = spec.get("parameters")
    if parameters:
        group = "." + parameters["apiGroup"] if parameters.get("apiGroup") is not None else ""
        shown = f"{parameters['kind']}{group}/{parameters['name']}"
    return [name, spec.get("controller", ""), shown, age_of(document, now)]


INGRESS_CLASS = Table((NAME, Column("Controller"), Column("Parameters"), AGE), _ingress_class)


def _network_policy(document: Document, now: datetime) -> list[Any]:
    return [name_of(document), selector_text((document.get("spec") or {}).get("podSelector")), age_of(document, now)]


NETWORK_POLICY = Table((NAME, Column("Pod-Selector"), AGE), _network_policy)


def _endpoint_slice(document: Document, now: datetime) -> list[Any]:
    ports = [str(p.get("port") or p.get("name") or "*") for p in document.get("ports") or ()]
    addresses = [a for e in document.get("endpoints") or () for a in e.get("addresses") or ()]
    unset = "<unset>"
    return [
        name_of(document),
        document.get("addressType", ""),
        more(ports, len(ports)) if ports else unset,
        more(addresses, len(addresses)) if addresses else unset,
        age_of(document, now),
    ]


ENDPOINT_SLICE = Table((NAME, Column("AddressType"), Column("Ports"), Column("Endpoints"), AGE), _endpoint_slice)


def _lease(document: Document, now: datetime) -> list[Any]:
    return [name_of(document), (document.get("spec") or {}).get("holderIdentity", ""), age_of(document, now)]


LEASE = Table((NAME, Column("Holder"), AGE), _lease)
