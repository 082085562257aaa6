# SPDX-License-Identifier: Apache-2.0
"""Random DestinationRules: subsets, and TLS towards servers."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document
from tests.truth.vocabulary import ENTRY_HOSTS
from tests.truth.world import HEADLESS, STORE, WEB

_NAMES = {WEB: "web", STORE: "store", HEADLESS: "each"}
_WIDE = ("*.local", "*.default.svc.cluster.local", "*.test")
_HTTP_POOLS = (
    ("h2UpgradePolicy", "UPGRADE"),
    ("h2UpgradePolicy", "DO_NOT_UPGRADE"),
    ("useClientProtocol", True),
    ("maxRequestsPerConnection", 1),
)
SUBSETS = ("v1", "v2")


def destination_rules(random: Random) -> list[Document]:
    """For the Services and for some hosts of ServiceEntries."""
    made = []
    for host in (WEB, STORE, HEADLESS):
        if random.random() < 0.6:
            made.append(_rule(random, _NAMES[host], host, host.split(".")[1]))
    if random.random() < 0.15:
        made.append(
            document("DestinationRule", "wide", {"host": random.choice(_WIDE), "trafficPolicy": _policy(random)})
        )
    for host in random.sample(ENTRY_HOSTS, 2):
        if random.random() < 0.3:
            spec = {"host": host, "trafficPolicy": _policy(random, outside=True)}
            made.append(document("DestinationRule", host.replace("*", "any").replace(".", "-"), spec))
    return made


def _rule(random: Random, name: str, host: str, namespace: str) -> Document:
    subsets = []
    for version in SUBSETS:
        if random.random() < 0.85:
            subset: Document = {"name": version, "labels": {"version": version}}
            if random.random() < 0.2:
                subset["trafficPolicy"] = _policy(random)
            subsets.append(subset)
    spec: Document = {"host": random.choice((host, name if namespace == "default" else host)), "subsets": subsets}
    if random.random() < 0.5:
        spec["trafficPolicy"] = _policy(random)
    return document("DestinationRule", name, spec, random.choice((namespace, "default")))


def _policy(random: Random, outside: bool = False) -> Document:
    policy: Document = {}
    if random.random() < 0.4:
        simple = random.choice(("ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "PASSTHROUGH"))
        policy["loadBalancer"] = {"simple": simple}
    if random.random() < 0.25:
        policy["connectionPool"] = {"http": dict([random.choice(_HTTP_POOLS)])}
    if random.random() < 0.25:
        policy["tls"] = _tls(random, outside)
    if random.random() < 0.2:
        port: Document = {"port": {"number": random.choice((80, 81, 9000))}, "tls": _tls(random, outside)}
        policy["portLevelSettings"] = [port]
    return policy or {"loadBalancer": {"simple": "ROUND_ROBIN"}}


def _tls(random: Random, outside: bool) -> Document:
    mode = random.choice(("DISABLE", "SIMPLE") if outside else ("DISABLE", "ISTIO_MUTUAL", "ISTIO_MUTUAL", "SIMPLE"))
    if mode == "SIMPLE":
        return {"mode": mode, "insecureSkipVerify": True, "sni": "origin.test"}
    if mode == "ISTIO_MUTUAL" and random.random() < 0.2:
        return {
            "mode": mode,
            "subjectAltNames": [f"spiffe://cluster.local/ns/default/sa/{random.choice(('web', 'else'))}"],
        }
    return {"mode": mode}
