# SPDX-License-Identifier: Apache-2.0
"""Where the services of Bookinfo find one another: by name and port 9080, unless the environment says otherwise."""

from __future__ import annotations

from collections.abc import Mapping

PORT = 9080


def address(service: str, environment: Mapping[str, str]) -> str:
    """The URL of a service: RATINGS_HOSTNAME, SERVICES_DOMAIN and RATINGS_SERVICE_PORT set its parts."""
    name = environment.get(f"{service.upper()}_HOSTNAME", service)
    domain = environment.get("SERVICES_DOMAIN", "")
    port = environment.get(f"{service.upper()}_SERVICE_PORT", str(PORT))
    return f"http://{name}{'.' + domain if domain else ''}:{port}"


def product_of(path: str, service: str) -> int | None:
    """The number in `/service/number`, else None."""
    folder, _, number = path.partition("?")[0].removeprefix("/").partition("/")
    return int(number) if folder == service and number.isascii() and number.isdecimal() and len(number) < 10 else None
