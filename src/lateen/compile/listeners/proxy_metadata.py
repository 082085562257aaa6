# SPDX-License-Identifier: Apache-2.0
"""Switches that Istio reads from the proxy's environment: MeshConfig `defaultConfig.proxyMetadata`, `ISTIO_META_…`."""

from __future__ import annotations

import re

import msgspec

from lateen.compile.mesh import mesh
from lateen.incremental.engine import Engine, query
from lateen.model.duration import HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, Duration

_UNITS = {"ns": 1, "us": MICROSECOND, "µs": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR}
_PART = r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)"


class ProxySwitches(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What the environment of proxies says about their listeners."""

    accept_http_10: bool = False
    """ISTIO_META_HTTP10 is `1`."""
    idle_timeout: Duration | None = None
    """ISTIO_META_IDLE_TIMEOUT: for connections without requests, or without bytes."""
    inbound_exact_balance: bool = False
    """ISTIO_META_INBOUND_LISTENER_EXACT_BALANCE: connections are spread evenly over the proxy's threads."""
    outbound_exact_balance: bool = False
    """ISTIO_META_OUTBOUND_LISTENER_EXACT_BALANCE"""


@query
def proxy_switches(db: Engine) -> ProxySwitches:
    """The switches of all proxies. Values that cannot be read count as absent, as in Istio."""
    said = mesh(db).default_config.proxy_metadata
    return ProxySwitches(
        accept_http_10=said.get("ISTIO_META_HTTP10") == "1",
        idle_timeout=_duration(said.get("ISTIO_META_IDLE_TIMEOUT", "")),
        inbound_exact_balance=said.get("ISTIO_META_INBOUND_LISTENER_EXACT_BALANCE", "").lower() == "true",
        outbound_exact_balance=said.get("ISTIO_META_OUTBOUND_LISTENER_EXACT_BALANCE", "").lower() == "true",
    )


def _duration(text: str) -> Duration | None:
    """A length of time as Go writes it (`1h30m`)."""
    if not re.fullmatch(f"(?:{_PART})+", text):
        return None
    return Duration(round(sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))))
