# SPDX-License-Identifier: Apache-2.0
"""Garbage: the right status, no crash, bounded memory."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.apiserver.conftest import Running, start, stop

MAPS = "/api/v1/namespaces/default/configmaps"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = start(tmp_path_factory.mktemp("api") / "data")
    yield server
    with server.client() as client:
        assert client.get("/readyz").text == "ok"
    assert server.resident() < 200
    stop(server)


@pytest.fixture
def api(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


@pytest.mark.parametrize("kind", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"])
def test_random_bytes(api: httpx.Client, kind: str) -> None:
    chance = random.Random(7)
    for _ in range(40):
        body = chance.randbytes(chance.randrange(300))
        if kind.endswith("protobuf") and chance.random() < 0.8:
            body = b"k8s\x00" + body
        answer = api.post(MAPS, content=body, headers={"content-type": kind})
        assert answer.status_code in (400, 422), (body, answer.text)
        assert answer.json()["status"] == "Failure"


@pytest.mark.parametrize("depth", [100, 500, 1_000, 50_000])
@pytest.mark.parametrize("path", [MAPS, "/apis/networking.istio.io/v1/namespaces/default/virtualservices"])
def test_deep_documents(api: httpx.Client, path: str, depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    answer = api.post(
        path, content='{"metadata":{"name":"deep"},"spec":' + deep + ',"data":' + deep + "}", headers=JSON
    )
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        None,
        17,
        {"metadata": 1},
        {"metadata": {"name": 1}},
        {"metadata": {"name": "../../etc"}},
        {"metadata": {"name": "x" * 300}},
        {"metadata": {"name": "ok", "labels": {"a": {"b": 1}}}},
        {"metadata": {"name": "ok"}, "data": {"a": 1}},
        {"metadata": {"name": "ok", "creationTimestamp": "yesterday"}},
        {"metadata": {"name": "ok", "managedFields": [{"fieldsV1": []}], "ownerReferences": [{}]}},
        {"kind": {}, "apiVersion": [], "metadata": {"name": "ok"}},
        {"metadata": {"name": "ok", "generation": 10**30}},
    ],
)
def test_wrong_shapes(api: httpx.Client, document: Any) -> None:
    answer = api.post(MAPS, json=document)
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize(
    "patch", ["", "[]", "{", "null", '"x"', '{"metadata":null}', '{"data":[]}', '[{"op":"add"}]', "[1]"]
)
@pytest.mark.parametrize(
    "kind", ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]
)
def test_wrong_patches(api: httpx.Client, patch: str, kind: str) -> None:
    api.post(MAPS, json={"metadata": {"name": "patched"}, "data": {"a": "1"}})
    headers = {"content-type": f"application/{kind}"}
    query = {"fieldManager": "test"} if "apply" in kind else {}
    answer = api.patch(f"{MAPS}/patched", content=patch, headers=headers, params=query)
    assert answer.status_code in (200, 400, 409, 415, 422), answer.text
    assert api.get(f"{MAPS}/patched").json()["data"] == {"a": "1"}


def test_an_announced_flood_is_refused_unread(running: Running) -> None:
    answer = raw(running, b"Content-Length: 104857600\r\n\r\n" + b"x" * 1000)
    assert answer.startswith(b"HTTP/1.1 413")


def test_an_unannounced_flood_is_refused_early(api: httpx.Client) -> None:
    def flood() -> Iterator[bytes]:
        for _ in range(100 * 16):
            yield b"x" * 65536

    try:
        answer = api.post(MAPS, content=flood(), headers=JSON)
    except httpx.TransportError:
        return
    assert answer.status_code == 413


def test_a_compressed_bomb(api: httpx.Client) -> None:
    import gzip

    bomb = gzip.compress(b" " * 100_000_000)
    assert len(bomb) < 200_000
    answer = api.post(MAPS, content=bomb, headers={**JSON, "content-encoding": "gzip"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/api/v1/namespaces/%00/pods", "/api/v1/%ff", "/..%2f..%2fetc", "/api/v1/pods/" + "x" * 5000, "//api//v1"]
)
def test_odd_paths(api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code in (200, 400, 404)


@pytest.mark.parametrize("token", ["x", "a.b.c", "Bearer", "é" * 10, "." * 5000, "eyJhbGciOiJub25lIn0.e30."])
def test_wrong_tokens(running: Running, token: str) -> None:
    with running.client() as client:
        client.headers = httpx.Headers({"authorization": f"Bearer {token}".encode()})
        assert client.get(MAPS).status_code == 401


def test_slow_clients_hold_nobody_up(running: Running, api: httpx.Client) -> None:
    sockets = [opened(running) for _ in range(20)]
    for connection in sockets:
        connection.sendall(b"POST " + MAPS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-")
    assert api.get(MAPS).status_code == 200
    for connection in sockets:
        connection.close()


def opened(running: Running) -> ssl.SSLSocket:
    host, _, port = running.url.removeprefix("https://").rpartition(":")
    context = ssl.create_default_context(cafile=running.data / "ca.crt")
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=20), server_hostname=host)


def raw(running: Running, tail: bytes) -> bytes:
    """The beginning of the answer to a POST whose last headers and body are `tail`."""
    with opened(running) as connection:
        head = f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.token}\r\n"
        connection.sendall(head.encode() + b"Content-Type: application/json\r\n" + tail)
        return connection.recv(4096)
