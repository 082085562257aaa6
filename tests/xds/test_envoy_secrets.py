# SPDX-License-Identifier: Apache-2.0
"""Secrets with a real Envoy: over the stream of their own that Istio's configuration asks for, over ADS, from files."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from envoy.config.core.v3.config_source_pb2 import ConfigSource
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from lateen.envoy.blob import SECRET, Blob, blob, pack
from lateen.identity.authority import Authority, new_authority
from lateen.identity.secret_source import SecretSource
from lateen.identity.spiffe import SpiffeId
from tests.envoy_process import EnvoyProcess, StartEnvoy, ads_bootstrap
from tests.xds.resources import World, ads, inline_table, rds_listener
from tests.xds.serving import NODE, Serving

Connect = Callable[[Serving], Awaitable[EnvoyProcess]]
GATEWAY = SpiffeId("cluster.local", "istio-system", "default")


def own_stream(api_type: str) -> ConfigSource:
    """A stream of its own to the cluster `sds-grpc`, as Istio's configuration has it for workload certificates."""
    source = ConfigSource(resource_api_version="V3")
    source.api_config_source.api_type = getattr(type(source.api_config_source), api_type)
    source.api_config_source.transport_api_version = 2
    source.api_config_source.set_node_on_first_message_only = True
    source.api_config_source.grpc_services.add().envoy_grpc.cluster_name = "sds-grpc"
    source.initial_fetch_timeout.SetInParent()
    return source


def tls_listener(name: str, certificate: str, source: ConfigSource, roots: str = "") -> Blob:
    """A listener with TLS; with `roots`, clients have to present a certificate of theirs."""
    tls = DownstreamTlsContext()
    common = tls.common_tls_context
    common.tls_certificate_sds_secret_configs.add(name=certificate).sds_config.CopyFrom(source)
    if roots:
        tls.require_client_certificate.value = True
        common.validation_context_sds_secret_config.name = roots
        common.validation_context_sds_secret_config.sds_config.CopyFrom(source)
    listener = Listener.FromString(rds_listener(name, name).body)
    socket = listener.filter_chains[0].transport_socket
    socket.name = "envoy.transport_sockets.tls"
    socket.typed_config.CopyFrom(pack(tls))
    return blob(name, listener)


def world(listener: Blob) -> World:
    made = World()
    made.add(listener, inline_table(listener.name))
    return made


class Clock:
    """Thirteen hours slow at first, so that moving it on makes certificates that are valid now."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(hours=13)

    def __call__(self) -> datetime:
        return self.now


class Identities:
    """A server whose secrets come from an authority and from documents."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.authority: Authority = new_authority("cluster.local", self.clock())
        self.documents: dict[tuple[str, str, str], dict[str, bytes]] = {}
        self.source = SecretSource(self.authority, lambda *key: self.documents.get(key), self.clock)


@pytest.fixture
def identities() -> Identities:
    return Identities()


@pytest.fixture
async def serve(identities: Identities, tmp_path: Path) -> AsyncIterator[Callable[[World], Awaitable[Serving]]]:
    started: list[Serving] = []

    async def start(of: World) -> Serving:
        serving = Serving(of, identities.source)
        started.append(await serving.start(f"unix:{tmp_path}/xds.sock"))
        return serving

    yield start
    for serving in started:
        await serving.stop()


async def handshake(envoy: EnvoyProcess, listener: str, client: ssl.SSLContext) -> x509.Certificate:
    """The certificate that the listener presents."""
    host, port = await envoy.listener_address(listener)
    reader, writer = await asyncio.open_connection(host, port, ssl=client)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der)


def trusting(authority: Authority, identity: Any, folder: Path) -> ssl.SSLContext:
    """A client that trusts the authority and presents `identity`'s certificate."""
    context = ssl.create_default_context(cadata=authority.trust_bundle().decode())
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT if hasattr(ssl, "VERIFY_X509_STRICT") else context.verify_flags
    issued = authority.issue(identity, datetime.now(UTC))
    (folder / "client.pem").write_bytes(issued.key + issued.chain)
    context.load_cert_chain(folder / "client.pem")
    return context


def names(certificate: x509.Certificate) -> list[str]:
    value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return list(value.get_values_for_type(x509.UniformResourceIdentifier))


@pytest.mark.parametrize("api_type", ["GRPC", "DELTA_GRPC"])
async def test_workload_certificate_over_its_own_stream_and_its_rotation(
    serve: Callable[[World], Awaitable[Serving]],
    connect: Connect,
    identities: Identities,
    tmp_path: Path,
    api_type: str,
) -> None:
    serving = await serve(world(tls_listener("443", "default", own_stream(api_type), "ROOTCA")))
    envoy = await connect(serving)
    client = trusting(identities.authority, GATEWAY, tmp_path)
    await envoy.wait_ready()
    first = await handshake(envoy, "443", client)
    assert names(first) == [str(GATEWAY)]

    identities.clock.now += timedelta(hours=13)
    assert identities.source.rotate() == [GATEWAY]
    serving.server.secrets_changed()

    async def replaced() -> bool:
        return (await handshake(envoy, "443", client)).serial_number != first.serial_number

    await envoy.wait_until(replaced)
    assert await envoy.stat("sds.default.update_success") == 2
    assert await envoy.stat("sds.ROOTCA.update_success") == 1


async def test_secret_that_comes_later_and_is_replaced_over_ads(
    serve: Callable[[World], Awaitable[Serving]], connect: Connect, identities: Identities, tmp_path: Path
) -> None:
    serving = await serve(world(tls_listener("443", "kubernetes://shop", ads())))
    envoy = await connect(serving)

    async def missing() -> bool:
        status = serving.status()
        return status is not None and status.missing_secrets == ("kubernetes://shop",)

    await envoy.wait_until(missing)
    client = trusting(identities.authority, GATEWAY, tmp_path)
    for number in (1, 2):
        issued = identities.authority.issue(SpiffeId("cluster.local", "shop", f"v{number}"), identities.clock())
        identities.documents["Secret", "istio-system", "shop"] = {"tls.crt": issued.chain, "tls.key": issued.key}
        serving.server.secrets_changed()
        await envoy.wait_ready()

        async def presented(wanted: int = number) -> bool:
            return names(await handshake(envoy, "443", client)) == [f"spiffe://cluster.local/ns/shop/sa/v{wanted}"]

        await envoy.wait_until(presented)
    await serving.settled(envoy)


async def test_certificate_in_files_is_read_by_envoy_and_read_again(
    serve: Callable[[World], Awaitable[Serving]], connect: Connect, identities: Identities, tmp_path: Path
) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()

    def write(version: str) -> None:
        issued = identities.authority.issue(SpiffeId("cluster.local", "file", version), identities.clock())
        for name, content in (("tls.key", issued.key), ("tls.crt", issued.chain)):
            (folder / f".{name}").write_bytes(content)
            (folder / f".{name}").replace(folder / name)

    write("v1")
    name = f"file-cert:{folder}/tls.crt~{folder}/tls.key"
    serving = await serve(world(tls_listener("443", name, own_stream("GRPC"))))
    envoy = await connect(serving)
    await envoy.wait_ready()
    client = trusting(identities.authority, GATEWAY, tmp_path)
    assert names(await handshake(envoy, "443", client)) == ["spiffe://cluster.local/ns/file/sa/v1"]
    write("v2")

    async def replaced() -> bool:
        return names(await handshake(envoy, "443", client)) == ["spiffe://cluster.local/ns/file/sa/v2"]

    await envoy.wait_until(replaced)


async def test_unusable_secret_is_refused_and_shown(
    serve: Callable[[World], Awaitable[Serving]], connect: Connect, tmp_path: Path
) -> None:
    name = f"file-cert:{tmp_path}/missing.crt~{tmp_path}/missing.key"
    serving = await serve(world(tls_listener("443", name, own_stream("GRPC"))))
    envoy = await connect(serving)
    status = await serving.settled(envoy, "rejected")
    assert [(r.type_url, r.name) for r in status.rejections] == [(SECRET, name)]
    assert "missing" in status.rejections[0].reason


async def test_secrets_are_served_to_this_machine_only(identities: Identities) -> None:
    serving = await Serving(World(), identities.source).start("0.0.0.0:0")
    port = serving.address.rpartition(":")[2]
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            first = DiscoveryRequest(type_url=SECRET, resource_names=["default"])
            first.node.id = NODE
            own = channel.stream_stream("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets")()
            with contextlib.suppress(grpc.aio.AioRpcError):
                await own.write(first.SerializeToString())
            assert await own.code() is grpc.StatusCode.PERMISSION_DENIED

            shared = channel.stream_stream(
                "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
            )()
            request = DeltaDiscoveryRequest(type_url=SECRET, resource_names_subscribe=["default"])
            request.node.id = NODE
            await shared.write(request.SerializeToString())
            request = DeltaDiscoveryRequest(type_url="type.googleapis.com/envoy.config.cluster.v3.Cluster")
            await shared.write(request.SerializeToString())
            answer = await shared.read()
            assert request.type_url.encode() in answer
            status = serving.status()
            assert status is not None
            assert status.ignored_types == (SECRET,)
    finally:
        await serving.stop()


async def test_socket_is_for_its_owner_alone(serve: Callable[[World], Awaitable[Serving]], tmp_path: Path) -> None:
    await serve(World())
    assert (tmp_path / "xds.sock").stat().st_mode & 0o777 == 0o600


async def test_envoy_with_a_socket_of_its_own_for_secrets(
    start_envoy: StartEnvoy, identities: Identities, tmp_path: Path
) -> None:
    """Configuration over TCP, secrets over a socket whose admission knows the pod behind it."""
    from lateen.model.diagnostic import Diagnostic, Severity
    from lateen.xds.node_identity import NodeIdentity

    def only_the_gateway(node: NodeIdentity) -> NodeIdentity | Diagnostic:
        if node.name == "gateway":
            return node
        return Diagnostic(severity=Severity.ERROR, code="not-this-pod", message="this socket is the gateway's")

    serving = await Serving(world(tls_listener("443", "default", own_stream("GRPC"))), identities.source).start()
    socket = await serving.server.listen(f"unix:{tmp_path}/pod.sock", only_the_gateway)
    try:
        envoy = await start_envoy(ads_bootstrap(NODE, serving.address, sds_address=socket))
        await envoy.wait_ready()
        async with grpc.aio.insecure_channel(socket) as channel:
            thief = channel.stream_stream("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets")()
            first = DiscoveryRequest(type_url=SECRET, resource_names=["default"])
            first.node.id = NODE.replace("gateway", "thief")
            with contextlib.suppress(grpc.aio.AioRpcError):
                await thief.write(first.SerializeToString())
            assert await thief.code() is grpc.StatusCode.PERMISSION_DENIED
            assert await thief.details() == "this socket is the gateway's"
    finally:
        await serving.stop()
