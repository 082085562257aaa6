# SPDX-License-Identifier: Apache-2.0
"""The clients of the sample applications. Neither keeps connections: each request meets the mesh's rules anew, and
where there is no proxy a service's address picks a pod for each."""

from __future__ import annotations

import ssl

import httpx

_ONE_REQUEST = httpx.Limits(max_keepalive_connections=0)


def inside(timeout: float) -> httpx.Client:
    """For services of the cluster, over plain HTTP: TLS is the proxies' concern, so no authority is loaded."""
    return httpx.Client(
        timeout=timeout, limits=_ONE_REQUEST, trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )


def outside(timeout: float) -> httpx.Client:
    """For the internet. HTTP_PROXY, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE of the environment count."""
    return httpx.Client(timeout=timeout, limits=_ONE_REQUEST)
