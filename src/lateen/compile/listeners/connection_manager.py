# SPDX-License-Identifier: Apache-2.0
"""The settings of HTTP connection managers that the mesh decides, by the kind of their listener."""

from __future__ import annotations

from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.proxy_metadata import proxy_switches
from lateen.compile.mesh import mesh
from lateen.envoy.http_connection_manager import (
    CertificateDetails,
    ClientCertificate,
    ConnectionManagerSettings,
    PathNormalization,
)
from lateen.incremental.engine import Engine, query
from lateen.model.mesh.proxy_defaults import ForwardClientCertDetails, ProxyHeaders, SetCurrentClientCertDetails
from lateen.model.mesh_config import MeshConfig, NormalizationType

SERVER_NAME = "istio-envoy"


@query
def connection_manager_settings(db: Engine, kind: ListenerKind) -> ConnectionManagerSettings:
    """The settings for listeners of this kind."""
    config = mesh(db)
    switches = proxy_switches(db)
    headers = config.default_config.proxy_headers or ProxyHeaders()
    server = headers.server
    keeps_server = server is not None and bool(server.disabled)
    # Istio's sidecars say `envoy`, Envoy's own word, on the way out and `istio-envoy` on the way in.
    name = "" if kind is ListenerKind.SIDECAR_OUTBOUND else SERVER_NAME
    if server is not None:
        name = "" if keeps_server else server.value or name
    return ConnectionManagerSettings(
        path_normalization=_path_normalization(config),
        use_remote_address=kind is ListenerKind.GATEWAY,
        trusted_hops=_trusted_hops(config, kind),
        server_name=name,
        keep_server_header=keeps_server,
        generate_request_id=not (headers.request_id is not None and headers.request_id.disabled),
        client_certificate=_client_certificate(config, kind),
        certificate_details=_certificate_details(headers.set_current_client_cert_details, kind),
        preserve_header_case=bool(headers.preserve_http1_header_case),
        accept_http_10=switches.accept_http_10,
        append_forwarded_port=bool(headers.x_forwarded_port and headers.x_forwarded_port.enabled),
        idle_timeout=switches.idle_timeout,
    )


@query
def suppresses_debug_headers(db: Engine) -> bool:
    """Whether Envoy's `x-envoy-*` headers are kept off requests and responses."""
    headers = mesh(db).default_config.proxy_headers
    return bool(headers and headers.envoy_debug_headers and headers.envoy_debug_headers.disabled)


def _path_normalization(config: MeshConfig) -> PathNormalization:
    said = config.path_normalization
    if said is None or said.normalization is NormalizationType.DEFAULT:
        return PathNormalization.BASE
    return PathNormalization(said.normalization.value)


def _trusted_hops(config: MeshConfig, kind: ListenerKind) -> int:
    topology = config.default_config.gateway_topology
    return topology.num_trusted_proxies if kind is ListenerKind.GATEWAY and topology is not None else 0


def _client_certificate(config: MeshConfig, kind: ListenerKind) -> ClientCertificate | None:
    if kind is ListenerKind.SIDECAR_OUTBOUND:
        return None
    if kind is ListenerKind.GATEWAY:
        topology = config.default_config.gateway_topology
        said = topology.forward_client_cert_details if topology is not None else ForwardClientCertDetails.UNDEFINED
        default = ClientCertificate.SANITIZE_SET
    else:
        headers = config.default_config.proxy_headers
        said = headers.forwarded_client_cert if headers is not None else ForwardClientCertDetails.UNDEFINED
        default = ClientCertificate.APPEND_FORWARD
    return default if said is ForwardClientCertDetails.UNDEFINED else ClientCertificate(said.value)


def _certificate_details(said: SetCurrentClientCertDetails | None, kind: ListenerKind) -> CertificateDetails:
    if kind is ListenerKind.GATEWAY:
        return CertificateDetails(cert=True)
    if said is None:
        return CertificateDetails()
    return CertificateDetails(
        subject=said.subject is not False,
        uri=said.uri is not False,
        dns=said.dns is not False,
        cert=bool(said.cert),
        chain=bool(said.chain),
    )
