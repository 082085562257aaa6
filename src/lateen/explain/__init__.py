# SPDX-License-Identifier: Apache-2.0
"""The explain engine: an interpreter of Envoy configuration. A request in, every decision out.

It knows Envoy and nothing of Istio's objects, so that it works on configuration from anywhere. `trace(resources,
request)` gives a `Trace`; with `why=True` also what was tried and why it did not match.
"""

from lateen.explain.address import Address
from lateen.explain.decision import Trace
from lateen.explain.request import ClientTls, HttpRequest, ProxyProtocol, Request
from lateen.explain.resources import Resources
from lateen.explain.trace import trace

__all__ = [
    "Address",
    "ClientTls",
    "HttpRequest",
    "ProxyProtocol",
    "Request",
    "Resources",
    "Trace",
    "trace",
]
