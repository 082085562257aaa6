# SPDX-License-Identifier: Apache-2.0
"""The identities that a client accepts from the servers of a service."""

from __future__ import annotations

from lateen.compile.clusters.defaults import cluster_defaults
from lateen.compile.services.instances import service_accounts
from lateen.compile.services.registry import service
from lateen.compile.services.service import ServiceKey
from lateen.incremental.engine import Engine, query

SPIFFE = "spiffe://"


@query
def server_identities(db: Engine, key: ServiceKey) -> tuple[str, ...]:
    """The SPIFFE identities of all endpoints of a service and the names that its ServiceEntry adds, sorted; each
    identity also in the mesh's trust domain aliases."""
    found = service(db, key)
    if found is None:
        return ()
    names = set(found.subject_alt_names)
    for port in found.ports:
        names.update(service_accounts(db, key, port.number))
    aliases = cluster_defaults(db).trust_domain_aliases
    return tuple(sorted(names | {other for name in names for other in _in_aliases(name, aliases)}))


def _in_aliases(name: str, aliases: tuple[str, ...]) -> list[str]:
    if not name.startswith(SPIFFE):
        return []
    _, _, path = name.removeprefix(SPIFFE).partition("/")
    return [f"{SPIFFE}{alias}/{path}" for alias in aliases]
