# SPDX-License-Identifier: Apache-2.0
"""Where certificates and keys come from: the secret discovery service, by the names that Istio gives to secrets."""

from __future__ import annotations

from envoy.config.core.v3.config_source_pb2 import ApiConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from google.protobuf.duration_pb2 import Duration

SDS_CLUSTER = "sds-grpc"
"""The cluster, in the proxy's bootstrap, of the server that secrets come from."""

WORKLOAD_CERTIFICATE = "default"
"""The workload's own certificate and key in the mesh."""
MESH_ROOT = "ROOTCA"
"""The authorities that the mesh's certificates are verified against."""

SYSTEM_ROOTS = "system"
"""In place of a path: the authorities that the machine trusts."""


def file_certificate(certificate: str, key: str) -> str:
    """The secret made of two files in the proxy's file system: `file-cert:CERTIFICATE~KEY`."""
    return f"file-cert:{certificate}~{key}"


def file_root(path: str) -> str:
    """The authorities in a file of the proxy's file system: `file-root:PATH`."""
    return f"file-root:{path}"


def credential(name: str) -> str:
    """The secret behind a `credentialName`: `kubernetes://NAME`, names that carry a scheme as they are."""
    return name if "://" in name else f"kubernetes://{name}"


def credential_root(name: str) -> str:
    """The authorities behind a `credentialName`: its own name with `-cacert`."""
    return credential(name) + "-cacert"


def sds_secret(name: str) -> SdsSecretConfig:
    """A reference to the secret `name`. Envoy waits for it however long it takes, like Istio's."""
    source = ApiConfigSource(
        api_type=ApiConfigSource.DELTA_GRPC,
        transport_api_version=ApiVersion.V3,
        set_node_on_first_message_only=True,
        grpc_services=[GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=SDS_CLUSTER))],
    )
    return SdsSecretConfig(
        name=name,
        sds_config=ConfigSource(
            api_config_source=source, initial_fetch_timeout=Duration(), resource_api_version=ApiVersion.V3
        ),
    )
