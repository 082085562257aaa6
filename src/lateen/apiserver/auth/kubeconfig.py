# SPDX-License-Identifier: Apache-2.0
"""The kubeconfig of the cluster's administrator."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from lateen.apiserver.auth.certificates import write_private

CLUSTER = "lateen"


def ensure_token(path: Path) -> str:
    """The administrator's token, made once; the file has mode 0600."""
    if path.exists():
        return path.read_text().strip()
    token = secrets.token_urlsafe(32)
    write_private(path, token.encode())
    return token


def write(path: Path, server: str, authority: bytes, token: str) -> None:
    """A kubeconfig of mode 0600 for `server` (`https://127.0.0.1:6443`)."""
    data = base64.b64encode(authority).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CLUSTER, "cluster": {"server": server, "certificate-authority-data": data}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": "admin"}}],
        "current-context": CLUSTER,
    }
    write_private(path, (json.dumps(config, indent=2) + "\n").encode())
