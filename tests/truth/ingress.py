# SPDX-License-Identifier: Apache-2.0
"""Random Ingresses, the other way to tell the gateway."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document
from tests.truth.vocabulary import EDGE_NAMES, PATHS

_BACKENDS = ({"name": "web", "port": {"number": 80}}, {"name": "web", "port": {"name": "http2"}})


def ingresses(random: Random) -> list[Document]:
    """One now and then."""
    if random.random() < 0.7:
        return []
    rules = []
    for _ in range(random.randint(1, 2)):
        rule: Document = {"http": {"paths": [_path(random) for _ in range(random.randint(1, 2))]}}
        if random.random() < 0.7:
            rule["host"] = random.choice((*EDGE_NAMES, "*.shop.test"))
        rules.append(rule)
    spec: Document = {"ingressClassName": "istio", "rules": rules}
    if random.random() < 0.2:
        spec["defaultBackend"] = {"service": random.choice(_BACKENDS)}
    return [
        document("IngressClass", "istio", {"controller": "istio.io/ingress-controller"}, ""),
        document("Ingress", "edge", spec),
    ]


def _path(random: Random) -> Document:
    kind = random.choice(("Exact", "Prefix", "Prefix", "ImplementationSpecific"))
    return {"path": random.choice(PATHS), "pathType": kind, "backend": {"service": random.choice(_BACKENDS)}}
