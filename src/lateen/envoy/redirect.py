# SPDX-License-Identifier: Apache-2.0
"""VirtualService `redirect` as Envoy's redirect action."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RedirectAction

from lateen.model.networking.http_route import HTTPRedirect, RedirectPortSelection

KEEP_PREFIX = "%PREFIX()%"
"""In routes made from Gateway API: the uri replaces only the matched prefix."""

_CODES = {
    0: RedirectAction.MOVED_PERMANENTLY,
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def redirect_action(redirect: HTTPRedirect, port: int, *, tls: bool, gateway_api: bool) -> RedirectAction | None:
    """The redirect on a listener's `port`; None for a status code that Envoy cannot send.

    `tls`: whether the listener terminates TLS. `gateway_api`: whether the route was made from Gateway API.
    """
    code = _CODES.get(redirect.redirect_code)
    if code is None:
        return None
    action = RedirectAction(host_redirect=redirect.authority, response_code=code)
    if redirect.prefix_rewrite:
        action.prefix_rewrite = redirect.prefix_rewrite
    elif gateway_api and redirect.uri.startswith(KEEP_PREFIX):
        action.prefix_rewrite = redirect.uri.removeprefix(KEEP_PREFIX)
    else:
        action.path_redirect = redirect.uri
    if redirect.scheme:
        action.scheme_redirect = redirect.scheme
    action.port_redirect = _port(redirect, port, tls=tls)
    return action


def _port(redirect: HTTPRedirect, port: int, *, tls: bool) -> int:
    """The port to name, 0 for none: the default port of the scheme stays unsaid."""
    if redirect.port is not None:
        wanted = redirect.port
    elif redirect.derive_port is RedirectPortSelection.FROM_REQUEST_PORT:
        # Envoy cannot tell the port of the request, but a route table belongs to one port.
        wanted = port
    else:
        return 0
    scheme = redirect.scheme or ("https" if tls else "http")
    return 0 if _DEFAULT_PORTS.get(scheme) == wanted else wanted
