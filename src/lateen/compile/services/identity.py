# SPDX-License-Identifier: Apache-2.0
"""SPIFFE identities of service accounts."""

from __future__ import annotations


def spiffe_identity(trust: str, namespace: str, account: str) -> str:
    """The SPIFFE ID of a service account."""
    return f"spiffe://{trust}/ns/{namespace}/sa/{account}"
