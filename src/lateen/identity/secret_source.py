# SPDX-License-Identifier: Apache-2.0
"""`SecretSource`: every secret that a proxy may ask for, by its SDS name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from lateen.envoy.blob import Blob
from lateen.identity.authority import Authority
from lateen.identity.credential import CredentialError, KeyPair, Roots, key_pair, roots
from lateen.identity.rotation import due, replace_at
from lateen.identity.secret_name import (
    CA_SUFFIX,
    DocumentName,
    FileCertificateName,
    FileRootName,
    MeshRootName,
    WorkloadCertificateName,
    parse_secret_name,
)
from lateen.identity.secret_resource import (
    certificate_file_secret,
    certificate_secret,
    roots_file_secret,
    roots_secret,
)
from lateen.identity.spiffe import InvalidSpiffeIdError, SpiffeId, spiffe_id
from lateen.identity.workload_certificate import WorkloadCertificate
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref


class Requester(Protocol):
    """The proxy that asks."""

    @property
    def namespace(self) -> str: ...
    @property
    def service_account(self) -> str:
        """Empty if unknown; `default` then."""


Documents: TypeAlias = Callable[[str, str, str], Mapping[str, bytes] | None]
"""(`Secret` or `ConfigMap`, namespace, name) -> its decoded data; None if there is none."""

Granted: TypeAlias = Callable[[Requester, DocumentName], bool]
"""Whether a proxy may have a `kubernetes-gateway://` secret: it is in the Gateway's namespace, or a ReferenceGrant
allows it."""


class _Issued(NamedTuple):
    certificate: WorkloadCertificate
    secret: Blob
    spread: float


class SecretSource:
    """Looks secrets up for proxies; what it made stays the same object until it has to change.

    Workload certificates are issued when they are asked for first. `rotate` replaces those that are due;
    `next_rotation` says when to call it. `now` is the clock, in UTC.
    """

    def __init__(
        self,
        authority: Authority,
        documents: Documents,
        now: Callable[[], datetime],
        *,
        system_roots: str = "",
        granted: Granted = lambda requester, name: name.namespace == requester.namespace,
    ) -> None:
        self._authority = authority
        self._documents = documents
        self._now = now
        self._system_roots = system_roots
        self._granted = granted
        self._issued: dict[SpiffeId, _Issued] = {}
        self._roots = roots_secret("ROOTCA", Roots(authority.trust_bundle()))
        self._from_documents: dict[tuple[str, str, str, str], tuple[Mapping[str, bytes], Blob | None]] = {}
        self._problems: dict[tuple[str, str, str, str], Diagnostic] = {}

    def secret(self, requester: Requester, name: str) -> Blob | None:
        """The secret called `name`; None if there is none, or the proxy may not have it."""
        match parse_secret_name(name):
            case WorkloadCertificateName():
                return self._workload(requester, name)
            case MeshRootName():
                return self._roots
            case FileCertificateName() as files:
                return certificate_file_secret(name, files)
            case FileRootName() as file:
                path = self._system_roots if file.system else file.path
                return roots_file_secret(name, path) if path else None
            case DocumentName() as document:
                return self._document(requester, document, name)
        return None

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the Secrets and ConfigMaps that were asked for."""
        return list(self._problems.values())

    # Workload certificates

    def next_rotation(self) -> datetime | None:
        """When the next certificate is due to be replaced; None if none was issued."""
        return min((replace_at(i.certificate.validity, i.spread) for i in self._issued.values()), default=None)

    def rotate(self, authority: Authority | None = None) -> list[SpiffeId]:
        """Replace the certificates that are due, or all of them if `authority` replaces the one so far.

        Returns the identities that have a new certificate.
        """
        now = self._now()
        if authority is not None and authority is not self._authority:
            self._authority = authority
            self._roots = roots_secret("ROOTCA", Roots(authority.trust_bundle()))
            replaced = list(self._issued)
        else:
            replaced = [
                identity
                for identity, issued in self._issued.items()
                if due(issued.certificate.validity, now, issued.spread)
            ]
        for identity in replaced:
            self._issued[identity] = self._issue(identity, now)
        return replaced

    def _workload(self, requester: Requester, name: str) -> Blob | None:
        try:
            identity = spiffe_id(
                self._authority.trust_domain, requester.namespace, requester.service_account or "default"
            )
        except InvalidSpiffeIdError:
            return None
        issued = self._issued.get(identity)
        now = self._now()
        if issued is None or issued.certificate.validity.not_after <= now:
            issued = self._issued[identity] = self._issue(identity, now)
        if name == issued.secret.name:
            return issued.secret
        return certificate_secret(name, KeyPair(issued.certificate.chain, issued.certificate.key))

    def _issue(self, identity: SpiffeId, now: datetime) -> _Issued:
        certificate = self._authority.issue(identity, now)
        secret = certificate_secret("default", KeyPair(certificate.chain, certificate.key))
        # The digest of random key material spreads evenly.
        return _Issued(certificate, secret, int(secret.version, 16) / 16 ** len(secret.version))

    # Secrets and ConfigMaps

    def _document(self, requester: Requester, document: DocumentName, name: str) -> Blob | None:
        namespace = document.namespace or requester.namespace
        if document.scheme == "kubernetes" and namespace != requester.namespace:
            return None
        if document.scheme == "kubernetes-gateway" and not self._granted(requester, document):
            return None
        kind = "ConfigMap" if document.scheme == "configmap" else "Secret"
        found, data = document.name, self._documents(kind, namespace, document.name)
        if data is None and document.roots:
            found = document.name.removesuffix(CA_SUFFIX)
            data = self._documents(kind, namespace, found)
        key = (kind, namespace, found, name)
        if data is None:
            self._from_documents.pop(key, None)
            self._problems.pop(key, None)
            return None
        known = self._from_documents.get(key)
        if known is not None and known[0] == data:
            return known[1]
        self._problems.pop(key, None)
        made: Blob | None = None
        try:
            made = (
                roots_secret(name, roots(data))
                if document.roots or kind == "ConfigMap"
                else certificate_secret(name, key_pair(data))
            )
        except CredentialError as problem:
            self._problems[key] = Diagnostic(
                severity=Severity.ERROR,
                code="unusable-credential",
                message=f"cannot be used as {name}: {problem}",
                ref=Ref(kind, namespace, found),
            )
        self._from_documents[key] = (data, made)
        return made
