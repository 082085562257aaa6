# SPDX-License-Identifier: Apache-2.0
"""Which services a namespace sees, in Istio's order: its own private ones, those exported to it by name, public ones;
within each the oldest first.

Most services are public, so their order is worked out once for all namespaces.
"""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.mesh import default_service_export_to
from lateen.compile.services.registry import Listed, order, services_listed
from lateen.compile.services.service import ServiceKey
from lateen.compile.visibility import PUBLIC, export_rank
from lateen.incremental.engine import Engine, query
from lateen.state import inputs


class Exports(NamedTuple):
    """The services of a namespace: those that everybody sees, and the others."""

    public: tuple[Listed, ...]
    restricted: tuple[Listed, ...]


@query
def exports(db: Engine, owner: str) -> Exports:
    """The services of namespace `owner`."""
    default = default_service_export_to(db)
    public: list[Listed] = []
    restricted: list[Listed] = []
    for one in services_listed(db, owner):
        (public if export_rank(one.export_to, owner, "", default) == PUBLIC else restricted).append(one)
    return Exports(tuple(public), tuple(restricted))


@query
def namespaces_with_services(db: Engine) -> tuple[str, ...]:
    """Every namespace that declares a service, sorted."""
    return tuple(sorted({*inputs.namespaces_of(db, "Service"), *inputs.namespaces_of(db, "ServiceEntry")}))


@query
def public_services(db: Engine) -> tuple[Listed, ...]:
    """What everybody sees."""
    return _ordered([one for owner in namespaces_with_services(db) for one in exports(db, owner).public])


@query
def restricted_services(db: Engine, client: str) -> tuple[Listed, ...]:
    """What namespace `client` sees beyond what everybody sees."""
    return _restricted(db, namespaces_with_services(db), client)


def visible_services(db: Engine, client: str) -> tuple[Listed, ...]:
    """All that namespace `client` sees."""
    return restricted_services(db, client) + public_services(db)


@query
def visible_services_of(db: Engine, owners: tuple[str, ...], client: str) -> tuple[Listed, ...]:
    """What namespace `client` sees of the services of the namespaces `owners`."""
    public = _ordered([one for owner in owners for one in exports(db, owner).public])
    return _restricted(db, owners, client) + public


@query
def exported_services(db: Engine, owner: str, client: str) -> tuple[ServiceKey, ...]:
    """The services of namespace `owner` that namespace `client` sees, in Istio's order."""
    return tuple(one.key for one in visible_services_of(db, (owner,), client))


def _restricted(db: Engine, owners: tuple[str, ...], client: str) -> tuple[Listed, ...]:
    default = default_service_export_to(db)
    by_rank: dict[int, list[Listed]] = {}
    for owner in owners:
        for one in exports(db, owner).restricted:
            rank = export_rank(one.export_to, owner, client, default)
            if rank is not None:
                by_rank.setdefault(rank, []).append(one)
    return tuple(one for rank in sorted(by_rank) for one in _ordered(by_rank[rank]))


def _ordered(services: list[Listed]) -> tuple[Listed, ...]:
    return tuple(sorted(services, key=order))
