# SPDX-License-Identifier: Apache-2.0
"""Access logs: Istio's default format, to a file or to the access log service that the bootstrap names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Any as Message

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2
from envoy.extensions.access_loggers.grpc.v3 import als_pb2
from google.protobuf.struct_pb2 import Struct

from lateen.envoy.extension import access_logger

FILE = "envoy.access_loggers.file"
HTTP_GRPC = "envoy.access_loggers.http_grpc"
TCP_GRPC = "envoy.access_loggers.tcp_grpc"

SERVICE_CLUSTER = "envoy_accesslog_service"
"""The bootstrap's cluster of the access log service (MeshConfig enableEnvoyAccessLogService)."""

TEXT_FORMAT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)
"""Istio's default line."""

JSON_FORMAT: Mapping[str, str] = {
    "start_time": "%START_TIME%",
    "route_name": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "authority": "%REQ(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
}
"""Istio's default fields when the encoding is JSON."""


def text_file(path: str, line: str = "") -> Message:
    """Lines of text in a file; `line` is a format of Envoy's, Istio's default when empty."""
    line = line or TEXT_FORMAT
    if not line.endswith("\n"):
        line += "\n"
    text = substitution_format_string_pb2.SubstitutionFormatString(text_format_source={"inline_string": line})
    return access_logger(FILE, file_pb2.FileAccessLog(path=path, log_format=text))


def json_file(path: str, fields: Mapping[str, Any] | None = None) -> Message:
    """One JSON object a line in a file; Istio's default fields when `fields` is None or empty."""
    fields_message = Struct()
    fields_message.update(dict(fields or JSON_FORMAT))
    form = substitution_format_string_pb2.SubstitutionFormatString(json_format=fields_message)
    return access_logger(FILE, file_pb2.FileAccessLog(path=path, log_format=form))


def _service(name: str) -> Message:
    return als_pb2.CommonGrpcAccessLogConfig(
        log_name=name,
        grpc_service={"envoy_grpc": {"cluster_name": SERVICE_CLUSTER}},
        transport_api_version="V3",
    )


def http_service() -> Message:
    """Requests, to the access log service."""
    return access_logger(HTTP_GRPC, als_pb2.HttpGrpcAccessLogConfig(common_config=_service("http_envoy_accesslog")))


def tcp_service(name: str = "tcp_envoy_accesslog") -> Message:
    """Connections, to the access log service under `name`."""
    return access_logger(TCP_GRPC, als_pb2.TcpGrpcAccessLogConfig(common_config=_service(name)))


def without_filter_chain(log: Message) -> Message:
    """`log` for a listener: only connections that no filter chain took, which nothing else would write down."""
    limited = accesslog_pb2.AccessLog()
    limited.CopyFrom(log)
    limited.filter.response_flag_filter.flags.append("NR")
    return limited
