# SPDX-License-Identifier: Apache-2.0
"""What MeshConfig says of HTTP, of detection and of logs."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.extensions.access_loggers.file.v3.file_pb2 import FileAccessLog
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager as Manager,
)

from lateen.compile.listeners.connection_manager import connection_manager_settings
from lateen.compile.listeners.kind import ListenerKind
from lateen.envoy.http_connection_manager import ClientCertificate
from tests.compile.listeners.sidecars import listeners, manager, proxy_of, service, state, workload

WEB = service("web", "10.96.0.1", ("http", 80))


def managers(mesh: str | None) -> tuple[Any, Any]:
    """The connection managers of port 80: outgoing, incoming."""
    found = listeners(state(WEB, mesh=mesh), workload("web"))
    inbound = next(
        c for c in found["virtualInbound"].filter_chains if c.filter_chain_match.destination_port.value == 80
    )
    return manager(found["0.0.0.0_80"].filter_chains[0]), manager(inbound)


@pytest.mark.parametrize(
    ("said", "normalize", "merge", "escaped"),
    [
        ("DEFAULT", True, False, Manager.KEEP_UNCHANGED),
        ("NONE", False, False, Manager.KEEP_UNCHANGED),
        ("BASE", True, False, Manager.KEEP_UNCHANGED),
        ("MERGE_SLASHES", True, True, Manager.KEEP_UNCHANGED),
        ("DECODE_AND_MERGE_SLASHES", True, True, Manager.UNESCAPE_AND_FORWARD),
    ],
)
def test_path_normalization(said: str, normalize: bool, merge: bool, escaped: int) -> None:
    for http in managers(f"pathNormalization: {{normalization: {said}}}"):
        assert http.normalize_path.value is normalize
        assert http.merge_slashes is merge
        assert http.path_with_escaped_slashes_action == escaped


def test_server_headers_differ_by_side_unless_the_mesh_says() -> None:
    assert [m.server_name for m in managers(None)] == ["", "istio-envoy"]
    assert [m.server_name for m in managers("defaultConfig: {proxyHeaders: {server: {value: x}}}")] == ["x", "x"]
    for http in managers("defaultConfig: {proxyHeaders: {server: {disabled: true}}}"):
        assert http.server_header_transformation == Manager.PASS_THROUGH and not http.server_name


def test_header_settings() -> None:
    out, into = managers(
        """defaultConfig:
             proxyHeaders:
               forwardedClientCert: SANITIZE
               setCurrentClientCertDetails: {subject: false, cert: true}
               requestId: {disabled: true}
               preserveHttp1HeaderCase: true
               xForwardedPort: {enabled: true}"""
    )
    assert into.forward_client_cert_details == Manager.SANITIZE and out.forward_client_cert_details == 0
    details = into.set_current_client_cert_details
    assert (details.subject.value, details.uri, details.dns, details.cert, details.chain) == (
        False,
        True,
        True,
        True,
        False,
    )
    for http in (out, into):
        assert http.generate_request_id.value is False and http.HasField("generate_request_id")
        assert http.http_protocol_options.header_key_format.stateful_formatter.name == "preserve_case"
        assert http.append_x_forwarded_port


def test_gateways_trust_the_hops_in_front() -> None:
    mesh = state(
        mesh="defaultConfig: {gatewayTopology: {numTrustedProxies: 2, forwardClientCertDetails: FORWARD_ONLY}}"
    )
    settings = connection_manager_settings(mesh.db, ListenerKind.GATEWAY)
    assert (settings.trusted_hops, settings.use_remote_address) == (2, True)
    assert settings.client_certificate is ClientCertificate.FORWARD_ONLY
    assert connection_manager_settings(mesh.db, ListenerKind.SIDECAR_INBOUND).trusted_hops == 0


def test_http_1_0_is_accepted_and_sniffed_only_where_asked_for() -> None:
    mesh = "defaultConfig: {proxyMetadata: {ISTIO_META_HTTP10: '1'}}"
    for http in managers(mesh):
        assert http.http_protocol_options.accept_http_10
    match = listeners(state(WEB, mesh=mesh))["0.0.0.0_80"].filter_chains[0].filter_chain_match
    assert "http/1.0" in match.application_protocols
    assert not managers(None)[0].http_protocol_options.accept_http_10


def test_detection_is_limited_only_where_bytes_are_sniffed() -> None:
    found = listeners(state(WEB, service("db", "10.96.0.2", ("tcp", 9000)), mesh="protocolDetectionTimeout: 5s"))
    assert found["0.0.0.0_80"].listener_filters_timeout.seconds == 5
    assert found["virtualInbound"].listener_filters_timeout.seconds == 5
    assert found["10.96.0.2_9000"].listener_filters_timeout.seconds == 0


def _file(log: Any) -> FileAccessLog:
    message = FileAccessLog()
    assert log.typed_config.Unpack(message)
    return message


def test_access_logs() -> None:
    found = listeners(
        state(WEB, mesh='accessLogFile: /tmp/a.log\naccessLogEncoding: JSON\naccessLogFormat: \'{"a": "%PROTOCOL%"}\'')
    )
    (log,) = manager(found["0.0.0.0_80"].filter_chains[0]).access_log
    assert _file(log).path == "/tmp/a.log"
    assert dict(_file(log).log_format.json_format) == {"a": "%PROTOCOL%"}
    (log,) = found["virtualOutbound"].access_log
    assert list(log.filter.response_flag_filter.flags) == ["NR"]
    text = listeners(state(mesh="accessLogFormat: '%PROTOCOL%'"))["virtualOutbound"]
    (log,) = proxy_of(text.filter_chains[1]).access_log
    assert _file(log).log_format.text_format_source.inline_string == "%PROTOCOL%\n"
    none = listeners(state(mesh="accessLogFile: ''"))["virtualOutbound"]
    assert not none.access_log and not proxy_of(none.filter_chains[1]).access_log
    quiet = listeners(state(mesh="disableEnvoyListenerLog: true"))["virtualOutbound"]
    assert not quiet.access_log and proxy_of(quiet.filter_chains[1]).access_log
    service_too = listeners(state(mesh="enableEnvoyAccessLogService: true"))["virtualOutbound"]
    assert len(proxy_of(service_too.filter_chains[1]).access_log) == 2


def test_switches_of_the_environment() -> None:
    mesh = """
proxyHttpPort: 15099
defaultConfig:
                proxyMetadata:
                  ISTIO_META_IDLE_TIMEOUT: 1m30s
                  ISTIO_META_INBOUND_LISTENER_EXACT_BALANCE: "true"
                  ISTIO_META_OUTBOUND_LISTENER_EXACT_BALANCE: "true"
"""
    found = listeners(state(WEB, mesh=mesh), workload("web"))
    assert manager(found["0.0.0.0_80"].filter_chains[0]).common_http_protocol_options.idle_timeout.seconds == 90
    assert proxy_of(found["virtualOutbound"].filter_chains[1]).idle_timeout.seconds == 90
    balanced = {name for name, listener in found.items() if listener.HasField("connection_balance_config")}
    assert balanced == {"0.0.0.0_80", "127.0.0.1_15099", "virtualInbound"}
    unreadable = listeners(state(mesh="defaultConfig: {proxyMetadata: {ISTIO_META_IDLE_TIMEOUT: soon}}"))
    assert not proxy_of(unreadable["virtualOutbound"].filter_chains[1]).HasField("idle_timeout")
