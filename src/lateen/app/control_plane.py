# SPDX-License-Identifier: Apache-2.0
"""`ControlPlane`: the engine with its proxies.

    sources (files, Kubernetes) ──changes──► ControlPlane ──snapshots──► XdsServer ──► Envoy

It is called from one task (the event loop) and does no I/O; what it returns is sent by whoever called it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from lateen.compile.proxy import Own, joined, own, shared
from lateen.compile.services.instances import ServiceTarget
from lateen.compile.workload import Interception, Locality, Role, Scope, Workload, labels_of
from lateen.envoy.origin import find_blob, objects_behind
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.incremental import Failure
from lateen.model.core.config_map import ConfigMap
from lateen.model.core.secret import Secret
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh_config import MeshConfig
from lateen.model.ref import Ref
from lateen.parse import Parsed, default_mesh_config, mesh_config_of
from lateen.parse.change import Change
from lateen.parse.networks import mesh_networks_of
from lateen.state.state import State
from lateen.xds.node_identity import NodeIdentity

Group: TypeAlias = tuple[Scope, tuple[ServiceTarget, ...]]

MESH_CONFIG = Ref("ConfigMap", "istio-system", "istio")
"""The object that holds the mesh's settings, under the key `mesh`."""


@dataclass
class Update:
    """What a set of changes did."""

    objects: int = 0
    """Objects that are really different now."""
    snapshots: dict[Workload, Snapshot] = field(default_factory=dict)
    """The new configuration of each proxy that is concerned."""
    resources: int = 0
    """Resources that differ; what proxies share is counted once."""
    seconds: float = 0.0


class ControlPlane:
    """Documents in, snapshots out. `domain` is the DNS domain of the cluster."""

    def __init__(self, domain: str = "cluster.local") -> None:
        self.state = State(domain)
        self.state.set_mesh_config(default_mesh_config())
        self._documents: dict[Ref, Parsed] = {}
        self._streams: dict[Workload, int] = {}
        self._own: dict[Workload, Own] = {}
        self._groups: dict[Group, dict[Workload, None]] = {}
        """Proxies that share one part of their resources."""
        self._held: dict[Group, Snapshot] = {}
        """The shared part of each group, as it was published."""
        self._given_mesh: MeshConfig | None = None
        self._mesh_diagnostics: tuple[Diagnostic, ...] = ()

    def apply(self, changes: Iterable[Change]) -> Update:
        """Take changes in, and work out what they change for the proxies that are connected."""
        started = time.perf_counter()
        changes = list(changes)
        for ref, parsed in changes:
            if parsed is None:
                self._documents.pop(ref, None)
            else:
                self._documents[ref] = parsed
        count = self.state.apply((ref, parsed.object if parsed else None) for ref, parsed in changes)
        if any(ref == MESH_CONFIG for ref, _ in changes):
            self._set_mesh()
        return self._update(count, started)

    def set_mesh_config(self, config: MeshConfig | None) -> Update:
        """Settings from a file; they count instead of those in the ConfigMap."""
        started = time.perf_counter()
        self._given_mesh = config
        self._set_mesh()
        return self._update(1, started)

    def secret_data(self, kind: str, namespace: str, name: str) -> dict[str, bytes] | None:
        """The decoded data of a Secret or ConfigMap; None if there is none (identity.secret_source.Documents)."""
        parsed = self._documents.get(Ref(kind, namespace, name))
        found = parsed.object if parsed is not None else None
        if isinstance(found, ConfigMap):
            return {**found.binary_data, **{key: text.encode() for key, text in found.data.items()}}
        if isinstance(found, Secret):
            return {**found.data, **{key: text.encode() for key, text in found.string_data.items()}}
        return None

    def document(self, ref: Ref) -> Parsed | None:
        """The object of that name with its place in a document."""
        return self._documents.get(ref)

    def diagnostics(self) -> list[Diagnostic]:
        """Everything that compiling the objects brought up, for the proxies that are connected."""
        found = [self._placed(diagnostic) for diagnostic in self._mesh_diagnostics]
        for report in self.state.db.reports():
            if isinstance(report, Diagnostic):
                found.append(self._placed(report))
            elif isinstance(report, Failure):
                found.append(
                    Diagnostic(
                        severity=Severity.ERROR,
                        code="internal",
                        message=f"{report.query} failed: {type(report.error).__name__}: {report.error}",
                        hint="this is a defect of Lateen: please report it with the objects concerned",
                    )
                )
        return sorted(found, key=lambda d: (d.file, d.line, d.code, d.message))

    # -- the xDS server's directory of proxies (xds.directory.ProxyDirectory); a proxy's key is its Workload ----------

    def connect(self, node: NodeIdentity) -> Workload:
        """A stream of this proxy was opened."""
        workload = workload_of(node)
        count = self._streams.get(workload, 0)
        self._streams[workload] = count + 1
        if not count:
            self.state.db.pin(own, workload)
            self._join(workload)
        return workload

    def disconnect(self, key: Workload) -> None:
        """A stream of that proxy has ended; what only it needed is forgotten with the next change."""
        self._streams[key] -= 1
        if not self._streams[key]:
            del self._streams[key]
            self._leave(key)
            self.state.db.unpin(own, key)

    def snapshot(self, key: Workload) -> Snapshot:
        """What that proxy should hold now."""
        mine = own(self.state.db, key)
        return joined(mine, shared(self.state.db, mine.scope, mine.targets))

    def origin(self, key: Workload, type_url: str, name: str) -> str | None:
        """The object behind a resource of that proxy, with its file and line."""
        found = find_blob(self.snapshot(key), type_url, name)
        refs = objects_behind(found) if found is not None else []
        return ", ".join(self._described(ref) for ref in refs) or None

    # -- inside ---------------------------------------------------------------------------------------------------

    def _join(self, workload: Workload) -> None:
        """Put a proxy to those with which it shares."""
        mine = own(self.state.db, workload)
        group = (mine.scope, mine.targets)
        members = self._groups.get(group)
        if members is None:
            members = self._groups[group] = {}
            self.state.db.pin(shared, *group)
            self._held[group] = shared(self.state.db, *group)
        members[workload] = None
        self._own[workload] = mine

    def _leave(self, workload: Workload) -> None:
        mine = self._own.pop(workload)
        group = (mine.scope, mine.targets)
        members = self._groups[group]
        del members[workload]
        if not members:
            del self._groups[group], self._held[group]
            self.state.db.unpin(shared, *group)

    def _update(self, objects: int, started: float) -> Update:
        """Bring the connected proxies up to date."""
        db = self.state.db
        touched: dict[Workload, None] = {}
        resources = 0
        for query, args in db.refresh():
            if query is own and args[0] in self._own:
                workload = args[0]
                before = self._own[workload]
                self._leave(workload)
                self._join(workload)
                now = self._own[workload]
                resources += differences(before.clusters + before.listeners, now.clusters + now.listeners)
                touched[workload] = None
            elif query is shared and args in self._groups:
                new = shared(db, *args)
                resources += differences(layers_of(self._held[args]), layers_of(new))
                self._held[args] = new
                touched.update(self._groups[args])
        snapshots = {}
        for workload in touched:
            mine = self._own[workload]
            snapshots[workload] = joined(mine, self._held[mine.scope, mine.targets])
        return Update(objects, snapshots, resources, time.perf_counter() - started)

    def _described(self, ref: Ref) -> str:
        text = f"{ref.kind} {ref.namespace}/{ref.name}"
        parsed = self._documents.get(ref)
        if parsed is None:
            return text
        line, _ = parsed.source.position("metadata.name")
        return f"{text} ({parsed.source.file}:{line})"

    def _set_mesh(self) -> None:
        config, networks = self._given_mesh, None
        self._mesh_diagnostics = ()
        parsed = self._documents.get(MESH_CONFIG)
        if parsed is not None and isinstance(parsed.object, ConfigMap):
            networks, self._mesh_diagnostics = mesh_networks_of(parsed.object)
            if config is None:
                config, wrong = mesh_config_of(parsed.object)
                self._mesh_diagnostics += wrong
        self.state.set_mesh_config(config or default_mesh_config())
        self.state.set_mesh_networks(networks)

    def _placed(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the file and line of its field, if the object came from a file."""
        parsed = self._documents.get(diagnostic.ref) if diagnostic.ref and not diagnostic.file else None
        if parsed is None:
            return diagnostic
        line, column = parsed.source.position(diagnostic.field or "metadata.name")
        return msgspec.structs.replace(diagnostic, file=parsed.source.file, line=line, column=column)


def differences(old: tuple[Layer, ...], new: tuple[Layer, ...]) -> int:
    """How many resources differ between two lists of layers."""
    count = sum(map(len, old[len(new) :])) + sum(map(len, new[len(old) :]))
    for before, now in zip(old, new, strict=False):
        change = now.changes_since(before)
        count += len(change.changed) + len(change.removed)
    return count


def layers_of(snapshot: Snapshot) -> tuple[Layer, ...]:
    """All layers of a snapshot, tables in order of their names."""
    hosts = (layer for name in sorted(snapshot.virtual_hosts) for layer in snapshot.virtual_hosts[name])
    return (*snapshot.clusters, *snapshot.endpoints, *snapshot.listeners, *snapshot.routes, *hosts)


def workload_of(node: NodeIdentity) -> Workload:
    """A proxy's introduction in the compiler's terms."""
    return Workload(
        role=Role.ROUTER if node.type == "router" else Role.SIDECAR,
        name=node.name,
        namespace=node.namespace,
        ips=node.addresses,
        labels=labels_of(dict(node.labels)),
        service_account=node.service_account,
        locality=Locality(node.locality.region, node.locality.zone, node.locality.sub_zone),
        node=node.node_name,
        network=node.network,
        cluster_id=node.cluster_id or "Kubernetes",
        domain=node.dns_domain.partition(".svc.")[2] or "cluster.local",
        dns_capture=str(node.metadata.get("DNS_CAPTURE", "")).lower() == "true",
        interception=Interception(node.interception_mode) if node.interception_mode else Interception.REDIRECT,
    )
