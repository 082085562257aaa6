# SPDX-License-Identifier: Apache-2.0
"""SDS names: what Istio's configuration calls the secrets that proxies ask for (`pilot/pkg/model/credentials`)."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

CA_SUFFIX = "-cacert"
"""A name with this suffix asks for the certificates to trust, one without it for a certificate and its key."""


class WorkloadCertificateName(NamedTuple):
    """`default`: the proxy's own certificate."""


class MeshRootName(NamedTuple):
    """`ROOTCA`: the roots of the mesh."""


class FileCertificateName(NamedTuple):
    """`file-cert:CERTIFICATE~KEY`: two files that the proxy sees."""

    certificate: str
    key: str


class FileRootName(NamedTuple):
    """`file-root:PATH`: a file that the proxy sees; the path `system` stands for the system's own roots."""

    path: str

    @property
    def system(self) -> bool:
        return self.path == "system"


class DocumentName(NamedTuple):
    """A Secret or ConfigMap.

    `kubernetes://NAME`, `kubernetes://NAMESPACE/NAME`, `kubernetes-gateway://NAMESPACE/NAME`,
    `configmap://NAMESPACE/NAME`.
    """

    scheme: str
    namespace: str
    """Empty: the proxy's own."""
    name: str
    """As written, with the suffix `-cacert` if it asks for roots."""

    @property
    def roots(self) -> bool:
        return self.name.endswith(CA_SUFFIX)


SecretName: TypeAlias = WorkloadCertificateName | MeshRootName | FileCertificateName | FileRootName | DocumentName


def parse_secret_name(name: str) -> SecretName | None:
    """What `name` asks for; None if it is no name of Istio's."""
    if name == "default" or name.startswith("builtin://"):
        return WorkloadCertificateName()
    if name == "ROOTCA":
        return MeshRootName()
    if name.startswith("file-cert:"):
        certificate, _, key = name.removeprefix("file-cert:").partition("~")
        return FileCertificateName(certificate, key) if certificate and key else None
    if name.startswith("file-root:"):
        path = name.removeprefix("file-root:")
        return FileRootName(path) if path else None
    scheme, mark, rest = name.partition("://")
    if not mark or scheme not in ("kubernetes", "kubernetes-gateway", "configmap"):
        return None
    namespace, slash, document = rest.partition("/")
    if not slash:
        return DocumentName(scheme, "", namespace) if namespace and scheme == "kubernetes" else None
    return DocumentName(scheme, namespace, document) if namespace and document and "/" not in document else None
