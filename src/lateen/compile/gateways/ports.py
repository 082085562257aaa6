# SPDX-License-Identifier: Apache-2.0
"""From the port that a Gateway names to the port that its proxy listens on."""

from __future__ import annotations

from lateen.compile.services.instances import ServiceTarget
from lateen.compile.services.registry import service
from lateen.incremental.engine import Engine

UNTRANSLATED = "experimental.istio.io/disable-gateway-port-translation"
"""Label of Services that do not take part, whatever its value."""


def listener_ports(
    db: Engine, number: int, targets: tuple[ServiceTarget, ...], services: frozenset[str]
) -> tuple[int, ...]:
    """The ports to listen on for a server with port `number`.

    Where Services in front of the proxy (`targets`) have that port, it is their target ports: a Gateway says 80, and a
    proxy that may not bind it listens on 8080. Otherwise it is the number itself; but a Gateway that names its Services
    (`services`, see `selection`) has only the ports that these have.
    """
    if services:
        return tuple(sorted({t.target_port for t in targets if t.port.number == number and t.key.hostname in services}))
    found = set()
    for target in targets:
        if target.port.number == number:
            declared = service(db, target.key)
            if declared is not None and all(label != UNTRANSLATED for label, _ in declared.labels):
                found.add(target.target_port)
    return tuple(sorted(found)) or (number,)
