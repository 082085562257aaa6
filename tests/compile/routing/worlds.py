# SPDX-License-Identifier: Apache-2.0
"""Small meshes for tests of routing: documents in, virtual hosts as messages out."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import VirtualHost

from lateen.compile.routing.sidecar_tables import virtual_hosts
from lateen.compile.scope import scope_of
from lateen.compile.workload import Role, Workload, labels_of
from lateen.envoy.route_table import virtual_host_of
from lateen.parse import documents
from lateen.state.state import State


def state(*texts: str) -> State:
    """A state with these documents, which must be sound."""
    built = State()
    apply(built, *texts)
    return built


def apply(to: State, *texts: str) -> None:
    """Add or replace these documents."""
    for text in texts:
        parsed = documents(text, "test.yaml")
        assert not [d for d in parsed.diagnostics if d.severity.value == "error"], parsed.diagnostics
        to.apply((found.object.ref, found.object) for found in parsed.objects)


def sidecar(namespace: str = "plaza", ip: str = "10.1.0.1", **labels: str) -> Workload:
    """A sidecar."""
    return Workload(role=Role.SIDECAR, name="client", namespace=namespace, ips=(ip,), labels=labels_of(labels))


def hosts(world: State, workload: Workload, table: str) -> dict[str, VirtualHost]:
    """The virtual hosts of a table by Istio's names."""
    layers = virtual_hosts(world.db, scope_of(world.db, workload), table)
    return {
        virtual_host_of(name): VirtualHost.FromString(blob.body) for layer in layers for name, blob in layer.items()
    }


def service(name: str, namespace: str = "plaza", ip: str = "None", port: int = 80, created: str = "") -> str:
    """A Service with one HTTP port."""
    age = f', creationTimestamp: "{created}"' if created else ""
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}{age}}}
spec: {{clusterIP: {ip}, selector: {{app: {name}}}, ports: [{{name: http, port: {port}}}]}}
"""


def rule(name: str, hosts: str, route: str, namespace: str = "plaza", more: str = "", created: str = "") -> str:
    """A VirtualService with one HTTP route: `hosts` a YAML list without its brackets, `route` a YAML map without its
    braces, `more` further lines of the spec."""
    age = f', creationTimestamp: "{created}"' if created else ""
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}{age}}}
spec:
  hosts: [{hosts}]
  http: [{{{route}}}]
{more}
"""


def to(host: str) -> str:
    """A route to one destination, for `rule`."""
    return f"route: [{{destination: {{host: {host}}}}}]"
