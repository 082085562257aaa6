# SPDX-License-Identifier: Apache-2.0
"""Whether and how a cluster speaks TLS: what the DestinationRule says, else mutual TLS where the endpoints have it."""

from __future__ import annotations

import msgspec

from lateen.compile.clusters.defaults import ClusterDefaults, cluster_defaults
from lateen.compile.clusters.identities import server_identities
from lateen.compile.security.peer_authentication import namespace_mutual_tls
from lateen.compile.services.endpoint import NO_TLS
from lateen.compile.services.instances import endpoints_of
from lateen.compile.services.service import MeshService, Registry, Resolution, ServiceKey
from lateen.compile.traffic_policy.destination_rule import MergedRule
from lateen.compile.traffic_policy.effective_policy import EffectivePolicy
from lateen.compile.workload import Role
from lateen.incremental.engine import Engine, query
from lateen.model.networking.client_tls import ClientTLSMode, ClientTLSSettings
from lateen.model.networking.load_balancer import SimpleLB
from lateen.model.security.peer_authentication import MutualTLSMode

CONFIG_MAP_SCHEME = "configmap://"
"""Authorities in a ConfigMap are no secret: every sidecar may have them."""


class MeshTLS(msgspec.Struct, frozen=True, kw_only=True):
    """The mesh's own mutual TLS."""

    identities: tuple[str, ...]
    server_name: str
    automatic: bool
    """Nobody asked for it, so only endpoints that are known to have it get it."""


class Origination(msgspec.Struct, frozen=True, kw_only=True):
    """TLS that a DestinationRule describes (SIMPLE, MUTUAL)."""

    settings: ClientTLSSettings
    subject_alt_names: tuple[str, ...]
    """Those of the settings, or of the ServiceEntry."""

    @property
    def auto_sni(self) -> bool:
        """Whether the server name is the request's host."""
        return not self.settings.sni

    @property
    def auto_san(self) -> bool:
        """Whether the certificate must be for the request's host."""
        return self.auto_sni and not self.settings.subject_alt_names and not self.settings.insecure_skip_verify


def is_insecure(tls: MeshTLS | Origination | None) -> bool:
    """Whether the server's certificate goes unverified."""
    return isinstance(tls, Origination) and bool(tls.settings.insecure_skip_verify)


def upstream_tls(
    db: Engine,
    service: MeshService,
    port: int,
    *,
    policy: EffectivePolicy,
    rule: MergedRule | None,
    subset: str,
    role: Role,
    server_name: str,
) -> MeshTLS | Origination | None:
    """The TLS of a cluster; None for plain text. `server_name` is what the mesh's own TLS asks for by default."""
    said = policy.tls
    if said is None:
        return _automatic(db, service, port, rule, subset, server_name)
    match said.mode:
        case ClientTLSMode.DISABLE:
            return None
        case ClientTLSMode.ISTIO_MUTUAL:
            names = said.subject_alt_names or server_identities(db, service.key)
            return MeshTLS(identities=names, server_name=said.sni or server_name, automatic=False)
    if _withheld(said, role, rule):
        return None
    names = said.subject_alt_names
    if not names and service.registry is Registry.EXTERNAL:
        names = server_identities(db, service.key)
    return Origination(settings=said, subject_alt_names=names)


def _withheld(said: ClientTLSSettings, role: Role, rule: MergedRule | None) -> bool:
    """Sidecars get a `credentialName` only by a rule that selects them: else every sidecar that sees the rule would ask
    for the secret. The cluster is then left without TLS, as Istio does it."""
    if not said.credential_name or said.credential_name.startswith(CONFIG_MAP_SCHEME):
        return False
    return role is Role.SIDECAR and not (rule is not None and rule.has_selector)


def _automatic(
    db: Engine, service: MeshService, port: int, rule: MergedRule | None, subset: str, server_name: str
) -> MeshTLS | None:
    defaults: ClusterDefaults = cluster_defaults(db)
    if service.external or not defaults.auto_mtls:
        return None
    if passes_through(service, rule, subset) and not all_have_sidecars(db, service, port):
        return None
    if namespace_mutual_tls(db, service.namespace) is MutualTLSMode.DISABLE:
        return None
    return MeshTLS(identities=server_identities(db, service.key), server_name=server_name, automatic=True)


def passes_through(service: MeshService, rule: MergedRule | None, subset: str) -> bool:
    """Whether connections go to the address that the client dialled, so that TLS cannot be chosen by endpoint. What
    the rule says for single ports does not count here."""
    if service.resolution is Resolution.PASSTHROUGH:
        return True
    if rule is None:
        return False
    found = rule.subset(subset) if subset else None
    policy = (found.traffic_policy if found is not None else None) if subset else rule.traffic_policy
    return (
        policy is not None and policy.load_balancer is not None and policy.load_balancer.simple is SimpleLB.PASSTHROUGH
    )


def all_have_sidecars(db: Engine, service: MeshService, port: int) -> bool:
    """Whether the port has endpoints and none of them goes without mutual TLS."""
    return _all_have_sidecars(db, service.key, port)


@query
def _all_have_sidecars(db: Engine, key: ServiceKey, port: int) -> bool:
    endpoints = endpoints_of(db, key, port)
    return bool(endpoints) and all(e.tls_mode != NO_TLS for e in endpoints)
