# SPDX-License-Identifier: Apache-2.0
"""HTTP answers in a form in which a prediction and an observation can be compared."""

from __future__ import annotations

import json
from typing import Any

from lateen.explain import HttpRequest, Trace
from lateen.explain.decision import DirectResponse, Forward, Redirect
from tests.explain.wire import Response

_GRPC_STATUS = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
"""HTTP status -> the gRPC status that Envoy answers instead when the request is gRPC; others are 2."""

Answer = tuple[Any, ...]


def predicted(answer: Trace, http: HttpRequest) -> Answer:
    """What a trace says the client gets: a local answer, a body, a location, or an echo from a cluster."""
    grpc = _is_grpc(http)
    if answer.failure is not None:
        status = answer.failure.status
        return ("grpc", _GRPC_STATUS.get(status or 0, 2)) if grpc else ("local", status)
    assert answer.http is not None
    match answer.http.action:
        case DirectResponse(status=status) | Redirect(status=status) if grpc:
            return ("grpc", _GRPC_STATUS.get(status, 2))
        case Redirect(status=status, location=location):
            return ("location", status, location)
        case DirectResponse(status=status, body=body, location=location):
            return ("location", status, location) if location else ("body", status, body)
        case Forward(cluster=cluster, path=path, authority=authority):
            return ("forward", cluster, path, authority)
    raise AssertionError(answer)


def observed(response: Response) -> Answer:
    """The same of a real response. Bodies of direct responses begin with a digit, those of the echo server with `{`."""
    if response.body.startswith("{"):
        echo = json.loads(response.body)
        host = next(value for name, value in echo["headers"] if name.lower() == "host")
        return ("forward", echo["server"], echo["path"], host)
    if "grpc-status" in response.headers:
        return ("grpc", int(response.headers["grpc-status"]))
    if "location" in response.headers:
        return ("location", response.status, response.headers["location"])
    if response.body[:1].isdigit():
        return ("body", response.status, response.body)
    return ("local", response.status)


def _is_grpc(http: HttpRequest) -> bool:
    kinds = [v for k, v in http.headers if k.lower() == "content-type" and v]
    return len(kinds) == 1 and kinds[0] in ("application/grpc", "application/grpc+proto")
