# SPDX-License-Identifier: Apache-2.0
"""What is no resource: versions, health, discovery, OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from lateen.apiserver import discovery, openapi, openapi_v2
from lateen.apiserver.http.exchange import Exchange
from lateen.apiserver.operations.call import Reply, json_reply
from lateen.apiserver.registry.catalogue import Catalogue
from lateen.apiserver.status import NoSuchPathError

OPEN_PATHS = frozenset(("/version", "/livez", "/readyz"))
"""Answered without a credential."""
_DISCOVERY = "APIGroupDiscoveryList"


class Documents:
    """`version` is the document of `/version`; `address` is what discovery says of the server's own."""

    def __init__(self, catalogue: Catalogue, version: dict[str, str], address: Callable[[], str]) -> None:
        self._catalogue, self._version, self._address = catalogue, version, address

    def open(self, path: str) -> Reply:
        """The answer for one of `OPEN_PATHS`."""
        if path == "/version":
            return Reply(200, orjson.dumps(self._version, option=orjson.OPT_INDENT_2))
        return Reply(200, b"ok", content_type="text/plain; charset=utf-8")

    def answer(self, path: str, exchange: Exchange) -> Reply:
        """The answer for a user's GET. Raises ApiError (404)."""
        catalogue = self._catalogue
        parts = path.strip("/").split("/")
        if path in ("/api", "/apis"):
            return self._groups(path, exchange)
        if path == "/healthz":
            return self.open(path)
        if path == "/":
            return json_reply(200, {"paths": self._paths()})
        found = None
        if parts[0] == "apis" and len(parts) == 2:
            found = discovery.group(catalogue, parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            found = discovery.resource_list(catalogue, parts[1], parts[2])
        elif parts[0] == "api" and len(parts) == 2:
            found = discovery.resource_list(catalogue, "", parts[1])
        elif path == "/openapi/v2":
            return self._openapi_v2(exchange)
        elif path == "/openapi/v3":
            explains = exchange.header(b"kubectl-command").startswith("kubectl explain")
            found = openapi.index(catalogue, with_types=explains)
        elif path.startswith("/openapi/v3/"):
            return self._openapi(parts[2:], exchange)
        if found is None:
            raise NoSuchPathError()
        return json_reply(200, found)

    def _groups(self, path: str, exchange: Exchange) -> Reply:
        catalogue, core = self._catalogue, path == "/api"
        for part in exchange.header(b"accept").split(","):
            media = part.strip()
            if _DISCOVERY in media:
                version = "v2beta1" if "v=v2beta1" in media else "v2"
                shown = discovery.aggregated(catalogue, core=core, api_version=f"apidiscovery.k8s.io/{version}")
                reply = json_reply(200, shown)
                reply.content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as={_DISCOVERY}"
                return reply
            if media.startswith("application/json"):
                break
        shown = discovery.core_versions(self._address()) if core else discovery.group_list(catalogue)
        return json_reply(200, shown)

    def _openapi_v2(self, exchange: Exchange) -> Reply:
        for part in exchange.header(b"accept").split(","):
            if part.strip() in openapi_v2.PROTOBUF:
                media = openapi_v2.PROTOBUF[0]
                return Reply(200, openapi_v2.protobuf(self._version["gitVersion"]), content_type=media)
        return Reply(200, openapi_v2.document(self._catalogue, self._version["gitVersion"]))

    def _openapi(self, parts: list[str], exchange: Exchange) -> Reply:
        group, version = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")
        if parts[0] == "apis" and len(parts) == 3:
            group, version = parts[1], parts[2]
        body = openapi.document(self._catalogue, group, version, with_types="types" in exchange.query)
        if body is None:
            raise NoSuchPathError()
        reply = Reply(200, body)
        if "hash" in exchange.query:
            reply.headers.append(("expires", "Fri, 01 Jan 2100 00:00:00 GMT"))
        return reply

    def _paths(self) -> list[str]:
        found = {"/api", "/apis", "/healthz", "/livez", "/readyz", "/version", "/openapi/v2", "/openapi/v3"}
        for group, versions in self._catalogue.groups().items():
            found |= {f"/{openapi.path_of(group, version)}" for version in versions}
            if group:
                found.add(f"/apis/{group}")
        return sorted(found)
