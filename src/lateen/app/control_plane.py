# SPDX-License-Identifier: Apache-2.0
"""`ControlPlane`: the engine with its proxies.

    sources (files, Kubernetes) ──changes──► ControlPlane ──snapshots──► XdsServer ──► Envoy

It is called from one task (the event loop) and does no I/O; what it returns is sent by whoever called it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Interception, Locality, Role, Workload, labels_of
from lateen.envoy.origin import find_blob, objects_behind
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.files.folder import Change
from lateen.incremental import Failure
from lateen.model.core.config_map import ConfigMap
from lateen.model.core.secret import Secret
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh_config import MeshConfig
from lateen.model.ref import Ref
from lateen.parse import Parsed, mesh_config
from lateen.state.state import State
from lateen.xds.node_identity import NodeIdentity

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
    """Different resources that these proxies have to get or to drop, each counted once."""
    seconds: float = 0.0


class ControlPlane:
    """Documents in, snapshots out. `domain` is the DNS domain of the cluster."""

    def __init__(self, domain: str = "cluster.local") -> None:
        self.state = State(domain)
        self._documents: dict[Ref, Parsed] = {}
        self._streams: dict[Workload, int] = {}
        self._held: dict[Workload, Snapshot] = {}
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
        found = list(self._mesh_diagnostics)
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
        self._streams[workload] = self._streams.get(workload, 0) + 1
        if self._streams[workload] == 1:
            self.state.db.pin(snapshot, workload)
        return workload

    def disconnect(self, key: Workload) -> None:
        """A stream of that proxy has ended; what only it needed is forgotten with the next change."""
        self._streams[key] -= 1
        if not self._streams[key]:
            del self._streams[key]
            self._held.pop(key, None)
            self.state.db.unpin(snapshot, key)

    def snapshot(self, key: Workload) -> Snapshot:
        """What that proxy should hold now."""
        found = self._held[key] = snapshot(self.state.db, key)
        return found

    def origin(self, key: Workload, type_url: str, name: str) -> str | None:
        """The object behind a resource of that proxy, with its file and line."""
        found = find_blob(self.snapshot(key), type_url, name)
        refs = objects_behind(found) if found is not None else []
        return ", ".join(self._described(ref) for ref in refs) or None

    # -- inside ---------------------------------------------------------------------------------------------------

    def _update(self, objects: int, started: float) -> Update:
        """Bring the connected proxies up to date."""
        changed: dict[Workload, Snapshot] = {}
        differences: dict[tuple[int, int], int] = {}
        for query, args in self.state.db.refresh():
            if query is not snapshot:
                continue
            workload = args[0]
            new = changed[workload] = snapshot(self.state.db, workload)
            differences |= differing_layers(self._held.get(workload), new)
            self._held[workload] = new
        return Update(objects, changed, sum(differences.values()), time.perf_counter() - started)

    def _described(self, ref: Ref) -> str:
        text = f"{ref.kind} {ref.namespace}/{ref.name}"
        parsed = self._documents.get(ref)
        if parsed is None:
            return text
        line, _ = parsed.source.position("metadata.name")
        return f"{text} ({parsed.source.file}:{line})"

    def _set_mesh(self) -> None:
        config = self._given_mesh
        self._mesh_diagnostics = ()
        if config is None:
            parsed = self._documents.get(MESH_CONFIG)
            if parsed is not None and isinstance(parsed.object, ConfigMap):
                place = f"{parsed.source.file} (data.mesh of ConfigMap istio)"
                config, self._mesh_diagnostics = mesh_config(parsed.object.data.get("mesh", ""), place)
        self.state.set_mesh_config(config or MeshConfig())

    def _placed(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the file and line of its field, if the object came from a file."""
        parsed = self._documents.get(diagnostic.ref) if diagnostic.ref and not diagnostic.file else None
        if parsed is None:
            return diagnostic
        line, column = parsed.source.position(diagnostic.field or "metadata.name")
        return msgspec.structs.replace(diagnostic, file=parsed.source.file, line=line, column=column)


def differing_layers(old: Snapshot | None, new: Snapshot) -> dict[tuple[int, int], int]:
    """How many resources differ between two snapshots, by pair of layers: a pair is the same for all who share it."""
    before = layers_of(old) if old is not None else {}
    found = {}
    for place, layer in layers_of(new).items():
        was = before.pop(place, None)
        if was is not layer:
            change = layer.changes_since(was) if was is not None else None
            found[id(was), id(layer)] = len(change.changed) + len(change.removed) if change else len(layer)
    for gone in before.values():
        found[id(gone), 0] = len(gone)
    return found


def layers_of(snapshot: Snapshot) -> dict[tuple[str, int], Layer]:
    """The layers of a snapshot by their place in it."""
    groups = {
        "clusters": snapshot.clusters,
        "endpoints": snapshot.endpoints,
        "listeners": snapshot.listeners,
        "routes": snapshot.routes,
        **snapshot.virtual_hosts,
    }
    return {(name, index): layer for name, layers in groups.items() for index, layer in enumerate(layers)}


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
        interception=Interception(node.interception_mode) if node.interception_mode else Interception.REDIRECT,
    )
