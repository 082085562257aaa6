# SPDX-License-Identifier: Apache-2.0
"""Random PeerAuthentications: of the mesh, of a namespace, of workloads, of ports."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document

_MODES = ("STRICT", "PERMISSIVE", "DISABLE")
_PORTS = (8080, 9000, 7000, 5555)


def peer_authentications(random: Random) -> list[Document]:
    """At most one of each reach."""
    made = []
    if random.random() < 0.2:
        made.append(document("PeerAuthentication", "mesh", {"mtls": {"mode": random.choice(_MODES)}}, "istio-system"))
    for namespace, app in (("default", "web"), ("other", "store")):
        if random.random() < 0.2:
            mode = random.choice((*_MODES, "UNSET"))
            made.append(document("PeerAuthentication", "all", {"mtls": {"mode": mode}}, namespace))
        if random.random() < 0.3:
            spec: Document = {"selector": {"matchLabels": {"app": app}}, "mtls": {"mode": random.choice(_MODES)}}
            if random.random() < 0.6:
                ports = random.sample(_PORTS, random.randint(1, 2))
                spec["portLevelMtls"] = {str(port): {"mode": random.choice(_MODES)} for port in ports}
            made.append(document("PeerAuthentication", app, spec, namespace))
    return made
