# SPDX-License-Identifier: Apache-2.0
"""What workloads accept, mutual TLS or plain text, by PeerAuthentication."""

from __future__ import annotations

import msgspec

from lateen.compile.mesh import root_namespace
from lateen.compile.workload import Labels, labels_of
from lateen.incremental.engine import Engine, query
from lateen.model.security.peer_authentication import MutualTLS, MutualTLSMode, PeerAuthentication
from lateen.state import inputs


class WorkloadPolicy(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """A PeerAuthentication with a selector."""

    selector: Labels
    mode: MutualTLSMode
    ports: tuple[tuple[int, MutualTLSMode], ...]
    """By the workload's port, inheritance resolved."""


class NamespacePolicies(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What the workloads of one namespace accept."""

    mode: MutualTLSMode
    """Of those that no policy selects."""
    workloads: tuple[WorkloadPolicy, ...] = ()
    """Oldest first."""

    def policy_for(self, labels: Labels) -> WorkloadPolicy | None:
        """The oldest policy that selects a workload with these labels."""
        carried = set(labels)
        return next((p for p in self.workloads if carried.issuperset(p.selector)), None)

    def mode_on(self, labels: Labels, port: int) -> MutualTLSMode:
        """What a workload with these labels accepts on one of its own ports."""
        policy = self.policy_for(labels)
        if policy is None:
            return self.mode
        return next((mode for number, mode in policy.ports if number == port), policy.mode)


@query
def mesh_mutual_tls(db: Engine) -> MutualTLSMode:
    """What the mesh accepts where nothing narrower says: what the oldest of the root namespace says, or PERMISSIVE."""
    for policy in inputs.peer_authentications_in(db, root_namespace(db)):
        if not _selects(policy):
            return _or_inherited(policy.spec.mtls, MutualTLSMode.PERMISSIVE)
    return MutualTLSMode.PERMISSIVE


@query
def peer_policies(db: Engine, namespace: str) -> NamespacePolicies:
    """What the workloads of a namespace accept. In the root namespace selectors reach nothing."""
    inherited = mesh_mutual_tls(db)
    if namespace == root_namespace(db):
        return NamespacePolicies(mode=inherited)
    listed = inputs.peer_authentications_in(db, namespace)
    whole = next((p for p in listed if not _selects(p)), None)
    mode = inherited if whole is None else _or_inherited(whole.spec.mtls, inherited)
    return NamespacePolicies(mode=mode, workloads=tuple(_workload_policy(p, mode) for p in listed if _selects(p)))


def mtls_mode(db: Engine, namespace: str, labels: Labels, port: int) -> MutualTLSMode:
    """What a workload accepts on one of its own ports: DISABLE, PERMISSIVE or STRICT."""
    return peer_policies(db, namespace).mode_on(labels, port)


@query
def namespace_mutual_tls(db: Engine, namespace: str) -> MutualTLSMode:
    """What clients assume of all services of a namespace, for they do not know the policies of single workloads."""
    return peer_policies(db, namespace).mode


def _selects(policy: PeerAuthentication) -> bool:
    return policy.spec.selector is not None and bool(policy.spec.selector.match_labels)


def _or_inherited(said: MutualTLS | None, inherited: MutualTLSMode) -> MutualTLSMode:
    return inherited if said is None or said.mode is MutualTLSMode.UNSET else said.mode


def _workload_policy(policy: PeerAuthentication, inherited: MutualTLSMode) -> WorkloadPolicy:
    assert policy.spec.selector is not None
    mode = _or_inherited(policy.spec.mtls, inherited)
    ports = sorted((port, _or_inherited(said, mode)) for port, said in policy.spec.port_level_mtls.items())
    return WorkloadPolicy(selector=labels_of(policy.spec.selector.match_labels), mode=mode, ports=tuple(ports))
