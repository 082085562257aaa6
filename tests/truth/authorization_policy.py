# SPDX-License-Identifier: Apache-2.0
"""Random AuthorizationPolicies: who may ask what of whom."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document
from tests.truth.vocabulary import HEADER_VALUES
from tests.truth.world import GATEWAY_LABELS, GATEWAY_NAMESPACE

_WHERE = (
    ("default", {"app": "web"}),
    ("default", None),
    ("other", {"app": "store"}),
    (GATEWAY_NAMESPACE, GATEWAY_LABELS),
)
_PRINCIPALS = ("cluster.local/ns/default/sa/front", "cluster.local/ns/other/*", "*/sa/ingress", "*")
_NAMESPACES = ("default", "other", "istio-*")
_PATHS = ("/api", "/api/*", "*/v1", "/", "/static/a.css", "*")
_PORTS = ("8080", "9000", "7000", "5555")


def authorization_policies(random: Random) -> list[Document]:
    """None most of the time, else one or two."""
    made = []
    for number in range(random.choice((0, 0, 0, 1, 2))):
        namespace, labels = random.choice(_WHERE)
        spec: Document = {"action": random.choice(("ALLOW", "ALLOW", "DENY"))}
        if labels is not None:
            spec["selector"] = {"matchLabels": labels}
        spec["rules"] = [_rule(random) for _ in range(random.randint(1, 2))]
        made.append(document("AuthorizationPolicy", f"policy-{number}", spec, namespace))
    return made


def _rule(random: Random) -> Document:
    rule: Document = {}
    if random.random() < 0.5:
        kind = random.choice(("principals", "notPrincipals", "namespaces", "notNamespaces"))
        rule["from"] = [{"source": {kind: [random.choice(_PRINCIPALS if "rincipals" in kind else _NAMESPACES)]}}]
    if random.random() < 0.6:
        operation: Document = {}
        if random.random() < 0.6:
            operation[random.choice(("paths", "paths", "notPaths"))] = [random.choice(_PATHS)]
        if random.random() < 0.3:
            operation["methods"] = [random.choice(("GET", "POST"))]
        if random.random() < 0.2:
            operation["hosts"] = [random.choice(("web", "*.test", "web.*"))]
        if random.random() < 0.3 or not operation:
            operation[random.choice(("ports", "notPorts"))] = [random.choice(_PORTS)]
        rule["to"] = [{"operation": operation}]
    if random.random() < 0.25:
        key = random.choice(("request.headers[x-user]", "destination.port", "source.namespace"))
        values = {"destination.port": _PORTS, "source.namespace": _NAMESPACES}.get(key, HEADER_VALUES[:3])
        rule["when"] = [{"key": key, random.choice(("values", "notValues")): [random.choice(values)]}]
    return rule
