# SPDX-License-Identifier: Apache-2.0
"""Calls of `corpora/simulation.json` (the tables of Istio's own simulation tests): run one, judge its result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.conformance import simulator
from tests.conformance.simulator import Call, Result, resources_of, simulate

_ERRORS = {
    "ErrNoListener": simulator.NO_LISTENER,
    "ErrNoFilterChain": simulator.NO_FILTER_CHAIN,
    "ErrNoRoute": simulator.NO_ROUTE,
    "ErrTLSRedirect": simulator.TLS_REDIRECT,
    "ErrNoVirtualHost": simulator.NO_VIRTUAL_HOST,
    "ErrMultipleFilterChain": simulator.MULTIPLE_FILTER_CHAINS,
    "ErrProtocolError": simulator.PROTOCOL_ERROR,
    "ErrTLSError": simulator.TLS_ERROR,
    "ErrMTLSError": simulator.MTLS_ERROR,
}
_FIELDS = {
    "ListenerMatched": "listener",
    "FilterChainMatched": "filter_chain",
    "RouteConfigMatched": "route_config",
    "VirtualHostMatched": "virtual_host",
    "RouteMatched": "route",
    "ClusterMatched": "cluster",
}


def run(resources: Mapping[str, Mapping[str, Any]], call: Mapping[str, Any]) -> Result:
    """Run a row's `call` through one proxy's dump, `{kind: {name: proto3 JSON}}`."""
    headers = [(name, value) for name, values in (call.get("Headers") or {}).items() for value in values]
    address = call.get("Address", "")
    dump = _any_family(resources) if ":" in address else resources
    return simulate(
        resources_of(dump),
        Call(
            port=call["Port"],
            protocol=call.get("Protocol") or "tcp",
            tls=call.get("TLS") or "plaintext",
            address=address,
            host=call.get("HostHeader") or next((v for n, v in headers if n.lower() == "host"), ""),
            path=call.get("Path") or "/",
            headers=tuple((n, v) for n, v in headers if n.lower() != "host"),
            sni=call.get("Sni", ""),
            alpn=call.get("Alpn", ""),
            mode=call.get("CallMode", ""),
            mtls_secret=call.get("MtlsSecretConfigName") or "default",
        ),
    )


def check(result: Result, expect: Mapping[str, Any]) -> list[str]:
    """What is wrong with `result`. A name that `expect` leaves empty is not asked about, unless it says StrictMatch."""
    problems = []
    wanted = _ERRORS.get((expect.get("Error") or {}).get("error", ""), "")
    if result.error != wanted:
        problems.append(f"error: want {wanted or 'none'!r}, got {result.error or 'none'!r}")
    for field, name in _FIELDS.items():
        want, got = expect.get(field) or "", getattr(result, name)
        if want != got and (want or expect.get("StrictMatch")):
            problems.append(f"{name}: want {want!r}, got {got!r}")
    return problems


def serves_file_certificate(resources: Mapping[str, Mapping[str, Any]], result: Result) -> list[str]:
    """The rows' `check_downstream_tls_is_sds_file_cert_no_client_cert`: what is wrong with the chain's certificates."""
    listener = resources["listeners"].get(result.listener, {})
    for chain in listener.get("filterChains", []):
        if chain.get("name") == result.filter_chain:
            tls = chain.get("transportSocket", {}).get("typedConfig", {})
            names = [s["name"] for s in tls.get("commonTlsContext", {}).get("tlsCertificateSdsSecretConfigs", [])]
            if names[:1] != ["file-cert:httpbin.pem~httpbinkey.pem"] or tls.get("requireClientCertificate"):
                return [f"the chain serves {names}, client certificate required: {tls.get('requireClientCertificate')}"]
            return []
    return [f"no filter chain {result.filter_chain!r}"]


def _any_family(resources: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """The simulator takes 0.0.0.0 for every address, of IPv6 as well: the listeners there get `::` in addition."""
    listeners = {}
    for name, listener in resources["listeners"].items():
        socket = listener.get("address", {}).get("socketAddress", {})
        if socket.get("address") == "0.0.0.0":
            listener = json.loads(json.dumps(listener))
            twin = {"address": {"socketAddress": socket | {"address": "::"}}}
            listener.setdefault("additionalAddresses", []).append(twin)
        listeners[name] = listener
    return {**resources, "listeners": listeners}
