# SPDX-License-Identifier: Apache-2.0
"""A route table, compiled once: its virtual hosts by domain, and the routes of each virtual host when first needed."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.any_message import unpack
from lateen.explain.decision import Rejected
from lateen.explain.http_view import HttpView
from lateen.explain.matcher_tree import MatcherTree
from lateen.explain.route_match import RouteMatch, route_match
from lateen.explain.virtual_host import VirtualHostIndex, without_port

_ROUTE = "envoy.config.route.v3.Route"
_ROUTE_LIST = "envoy.config.route.v3.RouteList"

CompiledRoute = tuple[Message, RouteMatch]


class RouteTable:
    """An envoy.config.route.v3.RouteConfiguration."""

    def __init__(self, config: Message) -> None:
        self.config = config
        self.name: str = config.name
        self.hosts = VirtualHostIndex(config.virtual_hosts)
        self._routes: dict[int, tuple[CompiledRoute, ...]] = {}

    def host_of(self, view: HttpView) -> str:
        """The text that domains are compared with."""
        authority = view.authority
        if self.config.vhost_header:
            authority = next(iter(view.values(self.config.vhost_header)), "")
        return without_port(authority) if self.config.ignore_port_in_host_matching else authority

    def compile(self, routes: list[Message]) -> tuple[CompiledRoute, ...]:
        """Routes with their conditions."""
        ignore = self.config.ignore_path_parameters_in_path_matching
        return tuple((route, route_match(route.match, ignore)) for route in routes)

    def routes(self, host: int, view: HttpView) -> tuple[CompiledRoute, ...]:
        """The routes that the virtual host tries for this request, in order."""
        config = self.hosts.hosts[host]
        if config.HasField("matcher"):
            action = MatcherTree(config.matcher).action(view)
            name, message = unpack(action.typed_config) if action is not None else ("", None)
            if message is not None and name == _ROUTE:
                return self.compile([message])
            return self.compile(list(message.routes)) if message is not None and name == _ROUTE_LIST else ()
        if host not in self._routes:
            self._routes[host] = self.compile(list(config.routes))
        return self._routes[host]


def choose_route(
    routes: tuple[CompiledRoute, ...], view: HttpView, why: bool
) -> tuple[int | None, tuple[Rejected, ...]]:
    """The place of the first route that matches, and (if asked for) why those before it do not."""
    rejected: list[Rejected] = []
    for i, (route, match) in enumerate(routes):
        failing = match.failing(view)
        if failing is None:
            return i, tuple(rejected)
        if why:
            rejected.append(Rejected(route.name or f"#{i}", failing.reason(view)))
    return None, tuple(rejected)
