# SPDX-License-Identifier: Apache-2.0
"""`SpiffeId`: the identity of a workload, `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT` (SPIFFE ID standard,
with Istio's path)."""

from __future__ import annotations

import re
from typing import NamedTuple

_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_ID = re.compile(r"spiffe://([^/]+)/ns/([^/]+)/sa/([^/]+)")


class InvalidSpiffeIdError(ValueError):
    """The text, or one of the parts, is no identity of a workload."""


class SpiffeId(NamedTuple):
    """Trust domain, namespace and service account; `spiffe_id` and `parse_spiffe_id` make valid ones."""

    trust_domain: str
    namespace: str
    service_account: str

    def __str__(self) -> str:
        return f"spiffe://{self.trust_domain}/ns/{self.namespace}/sa/{self.service_account}"


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> SpiffeId:
    """Raises InvalidSpiffeIdError when a part has characters that the standard or Kubernetes does not allow."""
    if not _TRUST_DOMAIN.fullmatch(trust_domain):
        raise InvalidSpiffeIdError(f"{trust_domain!r} is no trust domain")
    if not _NAME.fullmatch(namespace):
        raise InvalidSpiffeIdError(f"{namespace!r} is no namespace")
    if not _NAME.fullmatch(service_account):
        raise InvalidSpiffeIdError(f"{service_account!r} is no service account")
    return SpiffeId(trust_domain, namespace, service_account)


def parse_spiffe_id(text: str) -> SpiffeId:
    """Raises InvalidSpiffeIdError."""
    match = _ID.fullmatch(text)
    if match is None:
        raise InvalidSpiffeIdError(f"{text!r} is not spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT")
    return spiffe_id(*match.groups())
