# SPDX-License-Identifier: Apache-2.0
"""Secrets by SDS name: which document, which keys of it, who may have it, and when it is another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from lateen.envoy.blob import Blob
from lateen.identity.authority import new_authority
from lateen.identity.secret_source import SecretSource
from lateen.identity.spiffe import SpiffeId

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AUTHORITY = new_authority("cluster.local", NOW)
ONE = AUTHORITY.issue(SpiffeId("cluster.local", "default", "one"), NOW)
OTHER = AUTHORITY.issue(SpiffeId("cluster.local", "default", "other"), NOW)
ROOTS = AUTHORITY.trust_bundle()


class Proxy(NamedTuple):
    namespace: str = "default"
    service_account: str = "reviews"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Store:
    """Documents by (kind, namespace, name)."""

    def __init__(self) -> None:
        self.data: dict[tuple[str, str, str], Mapping[str, bytes]] = {}

    def __call__(self, kind: str, namespace: str, name: str) -> Mapping[str, bytes] | None:
        return self.data.get((kind, namespace, name))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(store: Store, clock: Clock) -> SecretSource:
    return SecretSource(AUTHORITY, store, clock, system_roots="/etc/ssl/certs/ca-certificates.crt")


def read(blob: Blob | None) -> Any:
    assert blob is not None
    secret = Secret.FromString(blob.body)
    assert secret.name == blob.name
    return secret


def test_default_is_the_workload_certificate_of_the_asking_proxy(source: SecretSource) -> None:
    secret = read(source.secret(Proxy("web", "frontend"), "default"))
    leaf = x509.load_pem_x509_certificate(secret.tls_certificate.certificate_chain.inline_bytes)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://cluster.local/ns/web/sa/frontend"]
    assert source.secret(Proxy("web", "frontend"), "default") is source.secret(Proxy("web", "frontend"), "default")
    assert source.secret(Proxy("web", "other"), "default") != source.secret(Proxy("web", "frontend"), "default")


def test_proxy_without_service_account_runs_as_default(source: SecretSource) -> None:
    assert source.secret(Proxy("web", ""), "default") is source.secret(Proxy("web", "default"), "default")


def test_identity_that_is_no_name_gets_nothing(source: SecretSource) -> None:
    assert source.secret(Proxy("web/sa/admin", "x"), "default") is None


def test_root(source: SecretSource) -> None:
    assert read(source.secret(Proxy(), "ROOTCA")).validation_context.trusted_ca.inline_bytes == ROOTS


def test_rotation_replaces_what_is_due_and_nothing_else(source: SecretSource, clock: Clock) -> None:
    early = source.secret(Proxy("a", "a"), "default")
    clock.now += timedelta(hours=6)
    late = source.secret(Proxy("b", "b"), "default")
    at = source.next_rotation()
    assert at is not None
    assert NOW + timedelta(hours=11) < at <= NOW + timedelta(hours=12)
    clock.now = at
    assert source.rotate() == [SpiffeId("cluster.local", "a", "a")]
    assert source.secret(Proxy("a", "a"), "default") != early
    assert source.secret(Proxy("b", "b"), "default") is late
    assert source.rotate() == []


def test_new_authority_replaces_all(source: SecretSource) -> None:
    before = source.secret(Proxy(), "default"), source.secret(Proxy(), "ROOTCA")
    assert len(source.rotate(new_authority("cluster.local", NOW))) == 1
    assert source.secret(Proxy(), "default") != before[0]
    assert source.secret(Proxy(), "ROOTCA") != before[1]


@pytest.mark.parametrize(
    "data",
    [
        {"tls.crt": ONE.chain, "tls.key": ONE.key},
        {"cert": ONE.chain, "key": ONE.key},
        {"cert": ONE.chain, "key": ONE.key, "tls.crt": OTHER.chain, "tls.key": OTHER.key},
        {"cert": b"", "key": b"", "tls.crt": ONE.chain, "tls.key": ONE.key},
    ],
)
def test_key_pair_of_a_secret(store: Store, source: SecretSource, data: Mapping[str, bytes]) -> None:
    store.data["Secret", "default", "c"] = data
    secret = read(source.secret(Proxy(), "kubernetes://c"))
    assert secret.tls_certificate.certificate_chain.inline_bytes == ONE.chain
    assert secret.tls_certificate.private_key.inline_bytes == ONE.key
    assert source.diagnostics() == []


@pytest.mark.parametrize(
    ("name", "data", "revoked"),
    [
        ("c", {"cacert": ROOTS, "crl": b"list"}, b"list"),
        ("c", {"ca.crt": ROOTS, "ca.crl": b"list"}, b"list"),
        ("c", {"ca.crt": ROOTS, "crl": b"of the other form"}, b""),
        ("c-cacert", {"cacert": ROOTS}, b""),
    ],
)
def test_roots_come_from_a_secret_of_their_own_or_from_the_one_with_the_key(
    store: Store, source: SecretSource, name: str, data: Mapping[str, bytes], revoked: bytes
) -> None:
    store.data["Secret", "default", name] = data
    context = read(source.secret(Proxy(), "kubernetes://c-cacert")).validation_context
    assert context.trusted_ca.inline_bytes == ROOTS
    assert context.crl.inline_bytes == revoked


def test_staple(store: Store, source: SecretSource) -> None:
    store.data["Secret", "default", "c"] = {"tls.crt": ONE.chain, "tls.key": ONE.key, "tls.ocsp-staple": b"staple"}
    assert read(source.secret(Proxy(), "kubernetes://c")).tls_certificate.ocsp_staple.inline_bytes == b"staple"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"tls.crt": ONE.chain}, "it needs cert and key, or tls.crt and tls.key; it has tls.crt"),
        ({"tls.crt": b"", "tls.key": b""}, "it has tls.crt, tls.key (empty: tls.crt, tls.key)"),
        ({}, "it has nothing"),
        ({"tls.crt": ONE.chain, "tls.key": OTHER.key}, "its key is not the key of its certificate"),
        ({"tls.crt": b"x", "tls.key": ONE.key}, "its certificate cannot be read"),
        ({"tls.crt": ONE.chain, "tls.key": b"x"}, "its key cannot be read"),
    ],
)
def test_unusable_secret_is_a_diagnostic(
    store: Store, source: SecretSource, data: Mapping[str, bytes], message: str
) -> None:
    store.data["Secret", "default", "c"] = data
    assert source.secret(Proxy(), "kubernetes://c") is None
    (found,) = source.diagnostics()
    assert message in found.message
    assert str(found.ref) == "Secret/default/c"
    store.data["Secret", "default", "c"] = {"tls.crt": ONE.chain, "tls.key": ONE.key}
    assert source.secret(Proxy(), "kubernetes://c") is not None
    assert source.diagnostics() == []


def test_secret_that_was_replaced_is_another_one(store: Store, source: SecretSource) -> None:
    store.data["Secret", "default", "c"] = {"tls.crt": ONE.chain, "tls.key": ONE.key}
    first = source.secret(Proxy(), "kubernetes://c")
    assert source.secret(Proxy(), "kubernetes://c") is first
    store.data["Secret", "default", "c"] = {"tls.crt": OTHER.chain, "tls.key": OTHER.key}
    assert source.secret(Proxy(), "kubernetes://c") != first
    del store.data["Secret", "default", "c"]
    assert source.secret(Proxy(), "kubernetes://c") is None


def test_who_may_have_what(store: Store, source: SecretSource) -> None:
    store.data["Secret", "default", "c"] = {"tls.crt": ONE.chain, "tls.key": ONE.key}
    stranger = Proxy("elsewhere", "reviews")
    assert source.secret(Proxy(), "kubernetes://default/c") is not None
    assert source.secret(Proxy(), "kubernetes-gateway://default/c") is not None
    assert source.secret(stranger, "kubernetes://c") is None
    assert source.secret(stranger, "kubernetes://default/c") is None
    assert source.secret(stranger, "kubernetes-gateway://default/c") is None


def test_granted_gateway_reference(store: Store, clock: Clock) -> None:
    store.data["Secret", "default", "c"] = {"tls.crt": ONE.chain, "tls.key": ONE.key}
    source = SecretSource(AUTHORITY, store, clock, granted=lambda requester, name: requester.namespace == "gateways")
    assert source.secret(Proxy("gateways", "x"), "kubernetes-gateway://default/c") is not None
    assert source.secret(Proxy("others", "x"), "kubernetes-gateway://default/c") is None


def test_roots_of_a_config_map(store: Store, source: SecretSource) -> None:
    store.data["ConfigMap", "shared", "ratings-ca"] = {"ca.crt": ROOTS}
    secret = read(source.secret(Proxy(), "configmap://shared/ratings-ca-cacert"))
    assert secret.validation_context.trusted_ca.inline_bytes == ROOTS


def test_files_stay_in_the_file_system_of_the_proxy(source: SecretSource) -> None:
    certificate = read(source.secret(Proxy(), "file-cert:/etc/bank/client.crt~/etc/bank/client.key")).tls_certificate
    assert certificate.certificate_chain.filename == "/etc/bank/client.crt"
    assert certificate.private_key.filename == "/etc/bank/client.key"
    assert certificate.watched_directory.path == "/etc/bank"
    roots = read(source.secret(Proxy(), "file-root:/etc/bank/ca.crt")).validation_context
    assert roots.trusted_ca.filename == "/etc/bank/ca.crt"
    assert roots.watched_directory.path == "/etc/bank"
    system = read(source.secret(Proxy(), "file-root:system")).validation_context
    assert system.trusted_ca.filename == "/etc/ssl/certs/ca-certificates.crt"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "whatever",
        "kubernetes://",
        "kubernetes://a/b/c",
        "configmap://x",
        "file-cert:/only",
        "file-root:",
        "x://y/z",
    ],
)
def test_name_that_is_none_gets_nothing(source: SecretSource, name: str) -> None:
    assert source.secret(Proxy(), name) is None
