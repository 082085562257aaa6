# SPDX-License-Identifier: Apache-2.0
"""`MeshService`: what a route can point at, whichever object declared it."""

from __future__ import annotations

import enum

import msgspec

from lateen.compile.workload import Labels
from lateen.model.ref import Ref


class Protocol(enum.StrEnum):
    """The protocol of a service port, as Istio selects it."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    GRPC_WEB = "GRPC-Web"
    HTTPS = "HTTPS"
    TLS = "TLS"
    TCP = "TCP"
    UDP = "UDP"
    MONGO = "Mongo"
    REDIS = "Redis"
    MYSQL = "MySQL"
    HTTP_PROXY = "HTTP_PROXY"
    HBONE = "HBONE"
    UNSUPPORTED = "UnsupportedProtocol"
    """Not declared: sniffed on the connection."""

    @property
    def is_http(self) -> bool:
        """HTTP/1.1, HTTP/2 and gRPC: what gets a route table."""
        return self in _HTTP

    @property
    def is_http2(self) -> bool:
        """Spoken as HTTP/2 upstream."""
        return self in _HTTP2

    @property
    def is_tcp(self) -> bool:
        """Opaque bytes, or a protocol that is handled as such."""
        return self in _TCP

    @property
    def is_tls(self) -> bool:
        """Encrypted by the application, routed by SNI."""
        return self in _TLS

    @property
    def is_sniffed(self) -> bool:
        """Neither declared nor well known."""
        return self is Protocol.UNSUPPORTED


_HTTP2 = frozenset((Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB))
_HTTP = _HTTP2 | {Protocol.HTTP, Protocol.HTTP_PROXY}
_TLS = frozenset((Protocol.HTTPS, Protocol.TLS))
_TCP = _TLS | {Protocol.TCP, Protocol.MONGO, Protocol.REDIS, Protocol.MYSQL}


class Resolution(enum.StrEnum):
    """How a client finds the addresses behind a service."""

    CLIENT_SIDE = "ClientSideLB"
    """Endpoints are sent to it (EDS)."""
    DNS = "DNSLB"
    DNS_ROUND_ROBIN = "DNSRoundRobinLB"
    PASSTHROUGH = "Passthrough"
    """To the address the client dialled (headless services, resolution NONE)."""
    ALIAS = "Alias"
    """ExternalName: another name for a service."""
    DYNAMIC_DNS = "DynamicDNS"


class Registry(enum.StrEnum):
    """Which kind of object declared a service."""

    KUBERNETES = "Kubernetes"
    EXTERNAL = "External"


class MeshPort(msgspec.Struct, frozen=True, cache_hash=True):
    """One port of a service."""

    name: str
    number: int
    protocol: Protocol
    target_port: int | str = 0
    """As the object says: a number, a name of a container's port, or 0 for the same number."""


class ServiceKey(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """The identity of a service: host names are unique per namespace, not across them."""

    hostname: str
    namespace: str
    variant: str = ""
    """Empty for the first declaration of the host in its namespace and what merges with it. Declarations that differ in
    who sees them make a service of their own, called by the name of its first ServiceEntry."""


class Reach(enum.StrEnum):
    """Which addresses a name may have that a client chooses under a wildcard."""

    ANYWHERE = ""
    NETWORK = "network"
    """Servers, also in private networks; not those of a cloud's credentials (see `special_addresses`)."""
    PUBLIC = "public"
    """Servers on the internet."""


class MeshService(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """A service. Ordered by creation, then hostname, as Istio orders them."""

    hostname: str
    """Fully qualified; may begin with `*.` for ServiceEntries."""
    namespace: str
    name: str
    """The object's name."""
    ports: tuple[MeshPort, ...]
    address: str
    """The first virtual IP, `0.0.0.0` without one."""
    addresses: tuple[str, ...] = ()
    """All virtual IPs and CIDR blocks, in the object's order; for allocated ones see `address_allocation`."""
    registry: Registry
    resolution: Resolution
    external: bool = False
    """Outside the mesh (ServiceEntry location MESH_EXTERNAL)."""
    export_to: tuple[str, ...] = ()
    """Empty: as the mesh's default says."""
    labels: Labels = ()
    selector: Labels = ()
    """Labels of the pods or workload entries behind it; empty without a selector."""
    created: str = ""
    """RFC 3339 creation time of the object."""
    source: Ref
    """The object that declared it."""
    subject_alt_names: tuple[str, ...] = ()
    """Names of servers beside the identities of the endpoints."""
    alias_of: str = ""
    """The target's host for ExternalName."""
    node_local: bool = False
    """internalTrafficPolicy: Local."""
    traffic_distribution: str = ""
    reach: Reach = Reach.ANYWHERE
    """Which addresses its names may have."""
    variant: str = ""
    """See `ServiceKey.variant`."""
    parts: tuple[MeshService, ...] = ()
    """When several objects of the namespace declare the host: each by itself, ports and addresses unmerged, the first
    included. Listeners and virtual hosts arise for each of them, clusters only for the service."""

    @property
    def strict(self) -> bool:
        """Nothing that a client says decides where its traffic goes: see `strict_egress`."""
        return self.reach is not Reach.ANYWHERE

    @property
    def key(self) -> ServiceKey:
        """The identity of this service."""
        return ServiceKey(self.hostname, self.namespace, self.variant)

    @property
    def declarations(self) -> tuple[MeshService, ...]:
        """The declarations that listeners and virtual hosts go by: `parts`, or just this service."""
        return self.parts or (self,)

    def port(self, number: int) -> MeshPort | None:
        """The port of that number."""
        return next((p for p in self.ports if p.number == number), None)
