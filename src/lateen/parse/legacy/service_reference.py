# SPDX-License-Identifier: Apache-2.0
"""How the old API named services (IstioService)."""

import msgspec

from lateen.model.message import FrozenMap, Message


class IstioService(Message, frozen=True, kw_only=True):
    """A service by name, or by domain name."""

    name: str = ""
    """Short name of the service."""
    namespace: str = ""
    """Its namespace; that of the rule when empty."""
    domain: str = ""
    """The suffix of its full name; svc.cluster.local when empty."""
    service: str = ""
    """A domain name, in place of all the others."""
    labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Labels of its endpoints."""

    def host(self, namespace: str) -> str:
        """The host in modern terms; short where the namespace is the rule's own."""
        if self.service:
            return self.service
        if not self.namespace and not self.domain:
            return self.name
        return f"{self.name}.{self.namespace or namespace}.{self.domain or 'svc.cluster.local'}"
