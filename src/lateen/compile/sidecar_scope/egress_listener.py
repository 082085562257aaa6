# SPDX-License-Identifier: Apache-2.0
"""The egress listeners of a scope, in order; without a Sidecar, or without egress in it, one that covers everything."""

from __future__ import annotations

import msgspec

from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.service import Protocol
from lateen.compile.sidecar_scope.imports import Imports, parse_imports
from lateen.compile.workload import Scope
from lateen.incremental.engine import Engine, query
from lateen.model.networking.sidecar import CaptureMode, IstioEgressListener, SidecarPort
from lateen.model.ref import Ref
from lateen.state import inputs

EVERYTHING = IstioEgressListener(hosts=("*/*",))


class EgressListener(msgspec.Struct, frozen=True, cache_hash=True):
    """One egress listener of a scope; `index` is its place in the Sidecar."""

    index: int
    port: SidecarPort | None = None
    """None for the listener that covers all ports no other one names."""
    bind: str = ""
    capture_mode: CaptureMode = CaptureMode.DEFAULT

    @property
    def matched_port(self) -> int:
        """The port that imported services must have; 0 when any will do (catch-all, Unix socket, HTTP proxy)."""
        if self.port is None or parse_protocol(self.port.protocol) is Protocol.HTTP_PROXY:
            return 0
        return self.port.number


@query
def declared_egress(db: Engine, sidecar: Ref | None) -> tuple[IstioEgressListener, ...]:
    """The egress part of a Sidecar, completed with the default."""
    found = inputs.sidecar(db, sidecar) if sidecar is not None else None
    return (found.spec.egress if found is not None else ()) or (EVERYTHING,)


@query
def listeners_of(db: Engine, sidecar: Ref | None) -> tuple[EgressListener, ...]:
    """The egress listeners of a Sidecar without what they import."""
    return tuple(
        EgressListener(index, listener.port, listener.bind, listener.capture_mode)
        for index, listener in enumerate(declared_egress(db, sidecar))
    )


@query
def imports_of(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> Imports:
    """What listener `index` imports for proxies in `namespace`."""
    return parse_imports(declared_egress(db, sidecar)[index].hosts, namespace)


def egress_listeners(db: Engine, scope: Scope) -> tuple[EgressListener, ...]:
    """The egress listeners of a scope."""
    return listeners_of(db, scope.sidecar)
