# SPDX-License-Identifier: Apache-2.0
"""Which of a pod's packets go to its sidecar: Istio's rules, as values. Pure.

They are those of Istio's init container (tools/istio-iptables/pkg/capture): the first rule of a chain that fits
decides. Where Istio asks for the sidecar's user id we ask for its socket mark, because all pods run as one user.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
TUNNEL_PORT = 15008
DNS_PORT = 15053
MARK = 1337
"""Socket mark of the sidecar's own connections."""
SIDECAR_SOURCE = "127.0.0.6"
"""From where the sidecar calls its own workload."""

OUTPUT = "output"
PREROUTING = "prerouting"
RETURN = "return"
"""The verdict that leaves a packet as it is; others are the port it is redirected to."""


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What to capture. `*` in the first entry of a list means everything."""

    inbound_ports: tuple[str, ...] = ("*",)
    inbound_ports_excluded: tuple[str, ...] = ()
    outbound_ports: tuple[str, ...] = ()
    outbound_ports_excluded: tuple[str, ...] = ()
    outbound_ranges: tuple[str, ...] = ("*",)
    outbound_ranges_excluded: tuple[str, ...] = ()
    virtual_interfaces: tuple[str, ...] = ()
    """Interfaces whose incoming connections count as outgoing ones (virtual machines in the pod)."""
    interfaces_excluded: tuple[str, ...] = ()
    owners: tuple[str, ...] = (f"{MARK}",)
    """Who the sidecar is."""
    groups: tuple[str, ...] = ()
    """Groups of the sidecar."""
    owner_groups: tuple[str, ...] = ("*",)
    """Only what members of these groups send."""
    owner_groups_excluded: tuple[str, ...] = ()
    loopback: str = "127.0.0.1/32"
    dns: bool = False
    """Whether the sidecar answers what is asked of `dns_servers`."""
    dns_servers: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True):
    """One condition. `field`: protocol, source, destination, port, owner, group, in or out (an interface). Negated, it
    holds when none of the values fits."""

    field: str
    values: tuple[str, ...]
    negated: bool = False


class Rule(msgspec.Struct, frozen=True):
    """What happens to packets of a chain for which every match holds."""

    chain: str
    matches: tuple[Match, ...]
    verdict: str


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """The first packet of a connection, as the rules see it. `chain` is where: output or prerouting."""

    chain: str
    protocol: str = "tcp"
    source: str = ""
    destination: str = ""
    port: int = 0
    owner: str = ""
    group: str = ""
    interface: str = ""


def verdict(rules: Iterable[Rule], packet: Packet) -> str:
    """RETURN or the port that the packet is redirected to."""
    for rule in rules:
        if rule.chain == packet.chain and all(holds(match, packet) for match in rule.matches):
            return rule.verdict
    return RETURN


def holds(match: Match, packet: Packet) -> bool:
    """Whether a condition holds for a packet."""
    return any(_fits(match.field, value, packet) for value in match.values) is not match.negated


def _fits(field: str, value: str, packet: Packet) -> bool:
    match field:
        case "protocol":
            return packet.protocol == value
        case "port":
            return packet.port == int(value)
        case "owner":
            return packet.owner == value
        case "group":
            return packet.group == value
        case "in" | "out":
            return packet.interface == value and (packet.chain == OUTPUT) is (field == "out")
        case "source" | "destination":
            address = packet.source if field == "source" else packet.destination
            return bool(address) and ipaddress.ip_address(address) in ipaddress.ip_network(value, strict=False)
    raise ValueError(f"no such field: {field}")


def rules_of(capture: Capture) -> tuple[Rule, ...]:
    """The rules for IPv4, in order."""
    return (*_incoming(capture), *_outgoing(capture))


def is_range(text: str) -> bool:
    """Whether this is an IPv4 range."""
    return text != "*" and ipaddress.ip_network(text, strict=False).version == 4


_TCP = Match("protocol", ("tcp",))


def _port(*ports: str | int, negated: bool = False) -> Match:
    return Match("port", tuple(str(port) for port in ports), negated)


def _out(interface: str) -> Match:
    return Match("out", (interface,))


def _incoming(capture: Capture) -> Iterable[Rule]:
    for name in capture.interfaces_excluded:
        yield Rule(PREROUTING, (Match("in", (name,)),), RETURN)
    for name in capture.virtual_interfaces:
        yield from _virtual(capture, name)
    if not capture.inbound_ports:
        return
    yield Rule(PREROUTING, (_TCP, _port(TUNNEL_PORT)), RETURN)
    if capture.inbound_ports[0] == "*":
        for port in capture.inbound_ports_excluded:
            yield Rule(PREROUTING, (_TCP, _port(port)), RETURN)
        yield Rule(PREROUTING, (_TCP,), f"{INBOUND_PORT}")
    else:
        for port in capture.inbound_ports:
            yield Rule(PREROUTING, (_TCP, _port(port)), f"{INBOUND_PORT}")


def _virtual(capture: Capture, name: str) -> Iterable[Rule]:
    here = Match("in", (name,))
    if capture.outbound_ranges[:1] == ("*",):
        yield Rule(PREROUTING, (here, _TCP), f"{OUTBOUND_PORT}")
    elif capture.outbound_ranges:
        for included in filter(is_range, capture.outbound_ranges):
            yield Rule(PREROUTING, (here, _TCP, Match("destination", (included,))), f"{OUTBOUND_PORT}")
    yield Rule(PREROUTING, (here,), RETURN)


def _outgoing(capture: Capture) -> Iterable[Rule]:
    for name in capture.interfaces_excluded:
        yield Rule(OUTPUT, (_out(name),), RETURN)
    yield Rule(OUTPUT, (_out("lo"), Match("source", (f"{SIDECAR_SOURCE}/32",))), RETURN)
    for port in capture.outbound_ports_excluded:
        yield Rule(OUTPUT, (_TCP, _port(port)), RETURN)
    for field, values in (("owner", capture.owners), ("group", capture.groups)):
        for value in values:
            yield from _own(capture, field, value)
    if capture.owner_groups[:1] != ("*",):
        yield Rule(OUTPUT, (Match("group", capture.owner_groups, negated=True),), RETURN)
    for group in capture.owner_groups_excluded:
        yield Rule(OUTPUT, (Match("group", (group,)),), RETURN)
    if capture.dns:
        for server in filter(is_range, capture.dns_servers):
            for protocol in ("tcp", "udp"):
                asked = (Match("protocol", (protocol,)), _port(53), Match("destination", (f"{server}/32",)))
                yield Rule(OUTPUT, asked, f"{DNS_PORT}")
    yield Rule(OUTPUT, (Match("destination", (capture.loopback,)),), RETURN)
    for excluded in filter(is_range, capture.outbound_ranges_excluded):
        yield Rule(OUTPUT, (Match("destination", (excluded,)),), RETURN)
    for port in capture.outbound_ports:
        yield Rule(OUTPUT, (_TCP, _port(port)), f"{OUTBOUND_PORT}")
    if capture.outbound_ranges[:1] == ("*",):
        yield Rule(OUTPUT, (_TCP,), f"{OUTBOUND_PORT}")
    else:
        for included in filter(is_range, capture.outbound_ranges):
            yield Rule(OUTPUT, (_TCP, Match("destination", (included,))), f"{OUTBOUND_PORT}")


def _own(capture: Capture, field: str, value: str) -> Iterable[Rule]:
    """The sidecar's own connections are let through, but those to its own pod go in as everybody's do."""
    mine, others = Match(field, (value,)), Match(field, (value,), negated=True)
    away = Match("destination", (capture.loopback,), negated=True)
    dns = capture.dns and any(map(is_range, capture.dns_servers))
    tunnels = _port(53, TUNNEL_PORT, negated=True) if dns and field == "owner" else _port(TUNNEL_PORT, negated=True)
    yield Rule(OUTPUT, (_out("lo"), away, _TCP, tunnels, mine), f"{INBOUND_PORT}")
    if not any(map(_is_loopback, capture.outbound_ranges)):
        asks = (_TCP, _port(53, negated=True)) if dns else ()
        yield Rule(OUTPUT, (_out("lo"), *asks, others), RETURN)
    yield Rule(OUTPUT, (mine,), RETURN)


def _is_loopback(text: str) -> bool:
    return text != "*" and ipaddress.ip_network(text, strict=False).is_loopback
