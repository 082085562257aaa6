# SPDX-License-Identifier: Apache-2.0
"""The headers that a service passes on, so that a trace holds together and rules further on can tell requests apart.

See "Trace context propagation" in Istio's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message

TRACE = (
    *("x-request-id", "traceparent", "tracestate"),
    *("x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags", "b3"),
    *("x-ot-span-context", "x-cloud-trace-context", "grpc-trace-bin", "sw8"),
    *("x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority"),
)
WHO = ("user-agent", "cookie", "authorization", "jwt")


def forwarded(headers: Message, also: Iterable[str] = ()) -> dict[str, str]:
    """Those of `TRACE`, of `WHO` and of `also` that are there."""
    return {name: headers[name] for name in (*TRACE, *WHO, *also) if name in headers}
