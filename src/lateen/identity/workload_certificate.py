# SPDX-License-Identifier: Apache-2.0
"""`WorkloadCertificate`: the key and the certificate chain of one workload, as PEM."""

from __future__ import annotations

from typing import NamedTuple

from lateen.identity.rotation import Validity
from lateen.identity.spiffe import SpiffeId


class WorkloadCertificate(NamedTuple):
    """What a proxy presents in mutual TLS."""

    identity: SpiffeId
    key: bytes
    """PKCS#8 PEM; leaves this process only towards the workload's own proxy."""
    chain: bytes
    """PEM: the workload's certificate, then the intermediate that signed it. The root is not part of it."""
    validity: Validity
