# SPDX-License-Identifier: Apache-2.0
"""Where a Linux distribution keeps the certificates of public authorities."""

from __future__ import annotations

from pathlib import Path

CANDIDATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # CentOS
    "/etc/ssl/cert.pem",  # Alpine
)


def system_roots() -> str:
    """The path of this machine's bundle; empty if it has none."""
    return next((path for path in CANDIDATES if Path(path).is_file()), "")
