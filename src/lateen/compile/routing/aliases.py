# SPDX-License-Identifier: Apache-2.0
"""ExternalName services: other names by which a service may be called."""

from __future__ import annotations

from lateen.compile.mesh import domain
from lateen.compile.services.kubernetes_service import service_hostname
from lateen.incremental.engine import Engine, query
from lateen.state import inputs


@query
def aliases_of(db: Engine, hostname: str) -> tuple[str, ...]:
    """The host names of the ExternalName services that lead to `hostname`, directly or through others, by namespace."""
    suffix = domain(db)
    found: dict[str, str] = {}
    waiting = [hostname]
    while waiting:
        for service in inputs.external_names_to(db, waiting.pop()):
            alias = service_hostname(service.name, service.namespace, suffix)
            if alias != hostname and alias not in found:
                found[alias] = service.namespace
                waiting.append(alias)
    return tuple(sorted(found, key=lambda alias: (found[alias], alias)))
