# SPDX-License-Identifier: Apache-2.0
"""Addresses for the hosts of ServiceEntries that give none.

They matter to proxies that answer DNS themselves: such a proxy resolves the host to the allocated address and so can
tell TCP services apart. An address in the object's status is taken as it is; the others are handed out from
240.240.0.0/16 (reserved, class E) by a hash of `namespace/host`, the next free one where two of them meet, in the
order of their names, so that the same documents always give the same addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple

from lateen.incremental.engine import Engine, query
from lateen.model.host import is_wildcard
from lateen.model.networking.service_entry import Resolution, ServiceEntry
from lateen.model.ref import Ref
from lateen.state import inputs

OPT_OUT = "networking.istio.io/enable-autoallocate-ip"
"""Label: `false` keeps a ServiceEntry without allocated addresses."""

_SLOTS = 256 * 254


class Allocated(NamedTuple):
    """The addresses of one host; empty where there is none of that family."""

    ipv4: str = ""
    ipv6: str = ""


class Claim(NamedTuple):
    """A host that gets an address: its service's `namespace/host`, and what the object's status already holds."""

    key: str
    recorded: Allocated


@query
def claims(db: Engine, ref: Ref) -> tuple[Claim, ...]:
    """The hosts of the ServiceEntry `ref` that get addresses."""
    entry = inputs.service_entry(db, ref)
    if entry is None or entry.spec.addresses or entry.spec.resolution is Resolution.NONE:
        return ()
    if entry.metadata.labels.get(OPT_OUT, "").lower() == "false":
        return ()
    return tuple(Claim(f"{ref.namespace}/{h}", _recorded(entry, h)) for h in entry.spec.hosts if not is_wildcard(h))


def _recorded(entry: ServiceEntry, host: str) -> Allocated:
    ipv4 = ipv6 = ""
    for address in entry.status.addresses:
        if address.host == host:
            try:
                family = ipaddress.ip_address(address.value).version
            except ValueError:
                continue
            ipv4, ipv6 = (address.value, ipv6) if family == 4 else (ipv4, address.value)
    return Allocated(ipv4, ipv6)


@query
def allocations(db: Engine) -> Mapping[str, Allocated]:
    """`namespace/host` -> its addresses, for every host that gets some."""
    found: dict[str, Allocated] = {}
    free: list[str] = []
    for namespace in inputs.namespaces_of(db, "ServiceEntry"):
        for ref in inputs.refs_in(db, ("ServiceEntry", namespace)):
            for claim in claims(db, ref):
                if claim.recorded != Allocated():
                    found.setdefault(claim.key, claim.recorded)
                else:
                    free.append(claim.key)
    taken = {allocated.ipv4 for allocated in found.values()}
    for key in sorted(set(free) - set(found)):
        allocated = _next(key, taken)
        if allocated is not None:
            found[key] = allocated
            taken.add(allocated.ipv4)
    return found


@query
def allocated_address(db: Engine, namespace: str, host: str) -> Allocated:
    """The addresses of one host of a ServiceEntry in `namespace`."""
    return allocations(db).get(f"{namespace}/{host}", Allocated())


def _next(key: str, taken: set[str]) -> Allocated | None:
    """The first free address from the one that the key's hash gives; None when all are taken."""
    first = _fnv32a(key.encode())
    for attempt in range(_SLOTS):
        slot = (first + attempt) % _SLOTS
        third, fourth = divmod(slot, 254)
        address = f"240.240.{third}.{fourth + 1}"
        if address not in taken:
            return Allocated(address, f"2001:2::f0f0:{third:x}{fourth + 1:02x}")
    return None


def _fnv32a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
