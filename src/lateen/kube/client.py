# SPDX-License-Identifier: Apache-2.0
"""A client of any Kubernetes API, the embedded one and a real cluster's alike.

Configuration, authentication and transport are lightkube's; objects are plain dictionaries, because the same client
moves kinds of ours, of Kubernetes and of anybody else.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import orjson
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

from lateen.kube.errors import ApiError, UnreachableError
from lateen.kube.kind import Kind

Object: TypeAlias = dict[str, Any]

PAGE = 500
"""Objects per page of a list."""

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


class KubeClient:
    """An asynchronous client. Use as an async context manager.

    Every call raises ApiError for what the API refuses, and UnreachableError when there is no answer.
    """

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    @classmethod
    def connect(cls, kubeconfig: Path | None = None, context: str | None = None) -> KubeClient:
        """From a kubeconfig file, or (without one) from the pod's service account, KUBECONFIG or the default file.

        Raises UnreachableError if there is no usable configuration.
        """
        try:
            config = (KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()).get(context)
            if config is None or config.user is None:
                raise UnreachableError("the kubeconfig's context names no user; add one, or choose another --context")
            parameters = ConnectionParams(timeout=httpx2.Timeout(30), trust_env=False)
            return cls(AsyncClient(config, parameters))
        except (ConfigError, KeyError, OSError, ssl.SSLError, ValueError) as error:
            raise UnreachableError(
                f"no usable Kubernetes configuration: {error}; name one with --kubeconfig"
            ) from error

    async def __aenter__(self) -> KubeClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    async def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """One object."""
        return await self._call("GET", kind.path(namespace, name))

    async def list(self, kind: Kind, namespace: str = "", **selectors: str) -> tuple[list[Object], str]:
        """All objects (of a namespace, or of all), page by page, and the resourceVersion that they are of.

        `selectors`: labelSelector, fieldSelector.
        """
        items: list[Object] = []
        query: dict[str, str] = {"limit": str(PAGE), **selectors}
        while True:
            page = await self._call("GET", kind.path(namespace), params=query)
            for item in page.get("items") or ():
                item.setdefault("apiVersion", kind.api_version)
                item.setdefault("kind", kind.kind)
                items.append(item)
            more = page["metadata"].get("continue")
            if not more:
                return items, page["metadata"]["resourceVersion"]
            query["continue"] = more

    async def create(
        self, kind: Kind, body: Object, namespace: str = "", subresource: str = "", name: str = ""
    ) -> Object:
        """A new object (or a subresource of one, such as a token)."""
        return await self._call("POST", kind.path(namespace, name, subresource), body=body)

    async def replace(self, kind: Kind, body: Object, subresource: str = "") -> Object:
        """The object as a whole; refused as a Conflict if it has changed since it was read."""
        meta = body["metadata"]
        return await self._call("PUT", kind.path(meta.get("namespace", ""), meta["name"], subresource), body=body)

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        subresource: str = "",
        content_type: str = MERGE,
        params: Mapping[str, str] | None = None,
    ) -> Object:
        """Part of an object. `content_type` is MERGE, STRATEGIC, JSON_PATCH or APPLY (which wants `fieldManager`)."""
        path = kind.path(namespace, name, subresource)
        return await self._call("PATCH", path, body=patch, params=params, content_type=content_type)

    async def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        propagation: str = "",
        grace: int | None = None,
    ) -> None:
        """Remove an object; with `uid`, only that very one. An object that is not there is fine.

        `grace` is how many seconds a pod gets to end; 0 removes it at once, which is for the node that runs it.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if propagation:
            options["propagationPolicy"] = propagation
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            await self._call("DELETE", kind.path(namespace, name), body=options)
        except ApiError as error:
            if not error.not_found:
                raise

    async def watch(
        self, kind: Kind, revision: str, namespace: str = "", **selectors: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """Events after `revision`, as (`ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`, object), until the server ends it.

        An ERROR event is raised as ApiError (`expired` when the revision is too old).
        """
        query = {"watch": "1", "resourceVersion": revision, "allowWatchBookmarks": "true", **selectors}
        try:
            # The server sends a bookmark or an event at least every few minutes; a silence beyond that is a dead peer.
            async with self._http.stream(
                "GET", kind.path(namespace), params=query, timeout=httpx2.Timeout(30, read=600)
            ) as reply:
                if reply.status_code != 200:
                    raise ApiError.from_response(reply.status_code, await reply.aread())
                async for line in reply.aiter_lines():
                    if not line:
                        continue
                    event = orjson.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError.from_status(event["object"])
                    yield event["type"], event["object"]
        except httpx2.TransportError as error:
            raise UnreachableError(self._unreachable(error)) from error

    async def read(self, path: str) -> Object:
        """Any document of the API, such as those of discovery."""
        return await self._call("GET", path)

    async def version(self) -> Object:
        """What the server says of itself at /version."""
        return await self._call("GET", "/version")

    async def serves(self, kind: Kind) -> bool:
        """Whether the API knows the kind in that version."""
        root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        try:
            resources = await self._call("GET", root)
        except ApiError as error:
            if error.not_found:
                return False
            raise
        return any(r["name"] == kind.plural for r in resources.get("resources") or ())

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        headers = {"content-type": content_type} if body is not None else {}
        content = orjson.dumps(body) if body is not None else None
        try:
            reply = await self._http.request(method, path, content=content, params=params, headers=headers)
        except httpx2.TransportError as error:
            raise UnreachableError(self._unreachable(error)) from error
        if reply.status_code >= 400:
            raise ApiError.from_response(reply.status_code, reply.content)
        answer: Object = orjson.loads(reply.content)
        return answer

    def _unreachable(self, error: Exception) -> str:
        return f"the Kubernetes API at {self._http.base_url} does not answer: {error or type(error).__name__}"
