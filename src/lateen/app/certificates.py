# SPDX-License-Identifier: Apache-2.0
"""The mesh's certificates while it runs: the kept authority, what it issues, and their renewal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from lateen.app.control_plane import ControlPlane
from lateen.identity.authority_store import load_or_create, save
from lateen.identity.secret_source import SecretSource
from lateen.identity.system_roots import system_roots
from lateen.xds.server import XdsServer

LONGEST_WAIT = 60.0
"""Seconds between two looks at the certificates, for new ones may be due before those that were there."""


def _now() -> datetime:
    return datetime.now(UTC)


class Certificates:
    """The authority in the folder `data` (made when it is not there yet), and the secrets that proxies get from it and
    from the documents.

    Raises identity.authority_store.AuthorityStoreError when the authority is there and cannot be used, and OSError.
    """

    def __init__(self, plane: ControlPlane, data: Path, trust_domain: str = "cluster.local") -> None:
        self._folder = data / "authority"
        self._authority = load_or_create(self._folder, trust_domain, _now())
        self.source = SecretSource(self._authority, plane.secret_data, _now, system_roots=system_roots())

    async def keep_fresh(self, server: XdsServer) -> None:
        """Replace certificates, and the authority's own, before they expire, until cancelled."""
        while True:
            due = self.source.next_rotation()
            wait = (due - _now()).total_seconds() if due is not None else LONGEST_WAIT
            await asyncio.sleep(min(max(wait, 1.0), LONGEST_WAIT))
            if self.renew():
                server.secrets_changed()

    def renew(self) -> bool:
        """Replace what is due now; whether anything was."""
        renewed = self._authority.renewed(_now())
        if renewed is self._authority:
            return bool(self.source.rotate())
        save(self._folder, renewed)
        self._authority = renewed
        self.source.rotate(renewed)
        return True
