# SPDX-License-Identifier: Apache-2.0
"""Redirects: envoy.config.route.v3.RedirectAction, and the redirect of a virtual host that requires TLS."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.http_view import HttpView, without_query
from lateen.explain.path_match import PathCondition
from lateen.explain.string_match import replace_all

_STATUS = (301, 302, 303, 307, 308)


def status(redirect: Message) -> int:
    """The HTTP status of a redirect."""
    known = redirect.response_code < len(_STATUS)
    return _STATUS[redirect.response_code] if known else _STATUS[0]


def location(redirect: Message, view: HttpView, matched: PathCondition | None) -> str:
    """The Location header. `matched`: the route's path condition, whose part of the path a prefix rewrite replaces."""
    scheme = redirect.scheme_redirect or ("https" if redirect.https_redirect else view.scheme)
    port = f":{redirect.port_redirect}" if redirect.port_redirect else ""
    host = redirect.host_redirect or _request_host(view, scheme, port)
    path = _path(redirect, view, matched)
    return f"{scheme}://{host}{port}{path if path.startswith('/') else '/' + path}"


def unchanged(view: HttpView) -> str:
    """The request's own URL, which a direct response with a redirect status names."""
    return f"{view.scheme}://{_request_host(view, view.scheme, '')}{view.path or ''}"


def to_tls(view: HttpView) -> str:
    """Where `require_tls` sends the client."""
    return f"https://{view.authority}{view.path or ''}"


def _path(redirect: Message, view: HttpView, matched: PathCondition | None) -> str:
    path = view.path or ""
    query = path.partition("?")[2]
    if redirect.path_redirect:
        if "?" in redirect.path_redirect:
            # The query of path_redirect stands, whatever strip_query says.
            return str(redirect.path_redirect)
        path = redirect.path_redirect + (f"?{query}" if "?" in path else "")
    elif redirect.prefix_rewrite and matched is not None:
        path = redirect.prefix_rewrite + path[len(matched.matched(view)) :]
    elif redirect.HasField("regex_rewrite"):
        before = without_query(path)
        rewrite = redirect.regex_rewrite
        after = replace_all(rewrite.pattern.regex, rewrite.substitution, before)
        # An empty result counts as no rewrite.
        path = (after + path[len(before) :]) if after else path
    return path.partition("?")[0] if redirect.strip_query else path


def _request_host(view: HttpView, scheme: str, port: str) -> str:
    """The request's host, without its port where another port or scheme makes that wrong."""
    host = view.authority
    if host.startswith("["):
        end = host.rfind("]:")
        start = end + 1 if end >= 0 else -1
    else:
        start = host.rfind(":")
    if start < 0:
        return host
    old = host[start:]
    drop = bool(port)
    if scheme != view.forwarded_proto:
        drop = drop or (view.forwarded_proto, old) in (("https", ":443"), ("http", ":80"))
    return host[:start] if drop else host
