# SPDX-License-Identifier: Apache-2.0
"""How a client's proxy tells the server's proxy, before the first byte, what is inside a mutual TLS connection.

Istio's names for application protocols (ALPN) say it: `istio-http/1.1` and `istio-h2` for HTTP that the client's proxy
understands, `istio` and `istio-peer-exchange` for bytes. The server's filter chains go by them, and so distinguish mesh
traffic from TLS that an application speaks itself.

Istio's build of Envoy has a filter that overrides the names for each request by the upstream protocol. With stock
extensions the same is reached in two parts:

- The TLS context of a cluster lists `BYTES` (and `h2` if it speaks HTTP/2), for connections that are not HTTP.
- The cluster carries the names for HTTP in its metadata under `METADATA`: `always()` the same if its upstream protocol
  is fixed, `by_downstream_protocol()` if it speaks what the client spoke (undeclared ports, `useClientProtocol`). The
  HTTP filter `override_filter()` reads them and sets them for the connection that this request opens. The names end
  with `http/1.1` or `h2`, so that a server that insists on ALPN has one to agree on. Requests to clusters without the
  metadata (TLS that a DestinationRule asks for, plain text) stay as they are.
"""

from __future__ import annotations

from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2
from envoy.extensions.filters.http.set_filter_state.v3 import set_filter_state_pb2
from google.protobuf.struct_pb2 import Struct

from lateen.envoy.extension import http_filter

METADATA = "istio.alpn"
"""Key of the cluster's filter metadata, and the name of the filter that reads it."""

HTTP1 = ("istio-http/1.1", "istio", "http/1.1")
"""Of connections for HTTP/1.1 requests."""
HTTP2 = ("istio-h2", "istio", "h2")
"""Of connections for HTTP/2 requests."""
BYTES = ("istio",)
"""Of all other connections. Istio's `istio-peer-exchange` is not offered: whoever agrees to it expects metadata of the
client's proxy ahead of the first byte, which only Istio's build of Envoy sends."""

DOWNSTREAM_HTTP = ("istio-http/1.0", "istio-http/1.1", "istio-h2")
"""What a server's proxy takes for HTTP inside mutual TLS."""
DOWNSTREAM_BYTES = ("istio-peer-exchange", "istio")
"""What a server's proxy takes for anything else inside mutual TLS."""
DOWNSTREAM_ANY = ("istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2")
"""All names of the mesh."""

_OVERRIDE = (
    "%CEL(request.protocol == 'HTTP/2'"
    f" ? xds.cluster_metadata.filter_metadata['{METADATA}']['http2']"
    f" : xds.cluster_metadata.filter_metadata['{METADATA}']['http1'])%"
)


def by_downstream_protocol() -> Struct:
    """The cluster metadata that has the names chosen for each request by the protocol of the client."""
    return _names(HTTP1, HTTP2)


def always(names: tuple[str, ...]) -> Struct:
    """The cluster metadata that has the same names chosen for every request."""
    return _names(names, names)


def _names(http1: tuple[str, ...], http2: tuple[str, ...]) -> Struct:
    metadata = Struct()
    metadata.update({"http1": ",".join(http1), "http2": ",".join(http2)})
    return metadata


def override_filter() -> object:
    """The HTTP filter that applies the metadata of the cluster a request is routed to.

    Envoy lets the filter state `envoy.network.application_protocols` override the names that the TLS context lists.
    Without the metadata the value is empty and nothing is set.
    """
    return http_filter(
        METADATA,
        set_filter_state_pb2.Config(
            on_request_headers=[
                value_pb2.FilterStateValue(
                    object_key="envoy.network.application_protocols",
                    format_string=substitution_format_string_pb2.SubstitutionFormatString(
                        omit_empty_values=True,
                        text_format_source={"inline_string": _OVERRIDE},
                    ),
                    skip_if_empty=True,
                )
            ]
        ),
    )
