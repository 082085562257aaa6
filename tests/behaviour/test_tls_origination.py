# SPDX-License-Identifier: Apache-2.0
"""A sidecar that speaks TLS for its application: what it proves, what it demands, and what it refuses."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.behaviour.backend import VIP, ask, policy, web
from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document
from tests.mesh.traffic import echo, http_server
from tests.mesh_namespaces import Mesh, Pod

REFUSED = 503


class World(NamedTuple):
    client: Pod
    trusted: str
    """The file of the server's certificate."""
    asked: list[str]
    """The server names that the server was asked for."""


@pytest.fixture
def world(mesh: Mesh, tmp_path: Path) -> Callable[..., Awaitable[World]]:
    """A client, and web.test behind a TLS server whose certificate is for `name`; with `demands`, a file of
    certificates, it lets in clients that have one of these."""

    async def made(name: str = "web.test", *, demands: Path | None = None, protocol: str = "HTTP") -> World:
        folder = tmp_path / "server"
        folder.mkdir()
        serving, _ = self_signed(folder, name)
        asked: list[str] = []
        serving.sni_callback = lambda _, server_name, __: asked.append(server_name or "")
        if demands is not None:
            serving.verify_mode = ssl.CERT_REQUIRED
            serving.load_verify_locations(demands)
        client, server = await mesh.pod("client"), await mesh.pod("server", sidecar=False)
        await server.serve(8443, echo if protocol == "TCP" else http_server("server"), tls=serving)
        await mesh.apply(web(server, protocol=protocol, port=8443))
        return World(client, str(folder / "certificate.pem"), asked)

    return made


def originate(mode: str, **tls: Any) -> str:
    return policy(tls={"mode": mode, **tls})


async def test_the_server_name_is_that_of_the_rule_or_of_the_request(
    mesh: Mesh, world: Callable[..., Awaitable[World]]
) -> None:
    client, trusted, asked = await world()
    await mesh.apply(originate("SIMPLE", caCertificates=trusted, sni="named.test", subjectAltNames=["web.test"]))
    assert (await ask(client)).seen["server"] == "server"
    await mesh.apply(originate("SIMPLE", caCertificates=trusted))
    assert (await ask(client)).seen["server"] == "server"
    assert asked == ["named.test", "web.test"]


async def test_bytes_too(mesh: Mesh, world: Callable[..., Awaitable[World]]) -> None:
    client, trusted, asked = await world(protocol="TCP")
    await mesh.apply(originate("SIMPLE", caCertificates=trusted, sni="web.test"))
    assert await client.exchange(VIP, 80, b"plain") == b"echo plain"
    assert asked == ["web.test"]


@pytest.mark.parametrize("names", [["web.test"], ["other.test", "web.test"]])
async def test_a_name_that_is_listed_is_enough(
    mesh: Mesh, world: Callable[..., Awaitable[World]], names: list[str]
) -> None:
    client, trusted, _ = await world()
    await mesh.apply(originate("SIMPLE", caCertificates=trusted, subjectAltNames=names))
    assert (await ask(client)).status == 200


async def test_a_certificate_for_another_name_is_refused(mesh: Mesh, world: Callable[..., Awaitable[World]]) -> None:
    client, trusted, _ = await world("other.test")
    for names in ({}, {"subjectAltNames": ["web.test"]}):
        await mesh.apply(originate("SIMPLE", caCertificates=trusted, **names))
        assert (await ask(client)).status == REFUSED
    await mesh.apply(originate("SIMPLE", caCertificates=trusted, subjectAltNames=["other.test"]))
    assert (await ask(client)).status == 200


async def test_a_certificate_of_an_unknown_authority_is_refused_unless_none_is_asked_for(
    mesh: Mesh, world: Callable[..., Awaitable[World]], tmp_path: Path
) -> None:
    client, _, _ = await world()
    self_signed(tmp_path, "web.test")
    await mesh.apply(originate("SIMPLE", caCertificates=str(tmp_path / "certificate.pem")))
    assert (await ask(client)).status == REFUSED
    await mesh.apply(originate("SIMPLE"))
    assert (await ask(client)).status == REFUSED
    await mesh.apply(originate("SIMPLE", insecureSkipVerify=True))
    assert (await ask(client)).status == 200


def secret(name: str, **data: Path) -> str:
    encoded = {key: b64encode(path.read_bytes()).decode() for key, path in data.items()}
    return json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}, "data": encoded}
    )


async def test_the_client_shows_the_certificate_of_files_or_of_a_secret(
    mesh: Mesh, world: Callable[..., Awaitable[World]], tmp_path: Path
) -> None:
    self_signed(tmp_path, "client.test")
    own = {"clientCertificate": str(tmp_path / "certificate.pem"), "privateKey": str(tmp_path / "key.pem")}
    client, trusted, _ = await world(demands=tmp_path / "certificate.pem")
    await mesh.apply(originate("SIMPLE", caCertificates=trusted))
    assert (await ask(client)).status == REFUSED
    await mesh.apply(originate("MUTUAL", caCertificates=trusted, **own))
    assert (await ask(client)).status == 200

    await mesh.apply(originate("SIMPLE", caCertificates=trusted))
    assert (await ask(client)).status == REFUSED
    kept = {"tls.crt": tmp_path / "certificate.pem", "tls.key": tmp_path / "key.pem", "ca.crt": Path(trusted)}
    traffic = {"tls": {"mode": "MUTUAL", "credentialName": "own"}}
    selected = {
        "host": "web.test",
        "workloadSelector": {"matchLabels": {"app": "client"}},
        "trafficPolicy": traffic,
    }
    await mesh.apply(secret("own", **kept), document("DestinationRule", "web", selected))
    assert (await ask(client)).status == 200


async def test_one_port_may_have_settings_of_its_own(mesh: Mesh, world: Callable[..., Awaitable[World]]) -> None:
    client, trusted, _ = await world()
    own = {"port": {"number": 80}, "tls": {"mode": "SIMPLE", "caCertificates": trusted}}
    await mesh.apply(policy(tls={"mode": "DISABLE"}, portLevelSettings=[own]))
    assert (await ask(client)).status == 200
    await mesh.apply(policy(portLevelSettings=[{**own, "port": {"number": 81}}]))
    assert (await ask(client)).status in (400, 502, REFUSED)
