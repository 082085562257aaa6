# SPDX-License-Identifier: Apache-2.0
"""Replay of traffic_capture.json: the rules that Istio's init container writes, and ours, asked about the same packets.

The recorded texts (iptables and nft) are interpreted here, chain by chain; for every packet of a grid made of the
values that the row speaks of, and some that it does not, the verdict has to be the same.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from lateen.node.redirection import OUTPUT, PREROUTING, RETURN, Capture, Match, Packet, Rule, holds, rules_of, verdict
from tests.conformance.report import Report

Chains = dict[str, list[tuple[tuple[Match, ...], str]]]
_ACCEPTED = ("RETURN", "return")


def traffic_capture(corpus: dict[str, Any]) -> Report:
    """What replaying the rows gave."""
    report = Report()
    for row in corpus["cases"]:
        if row["kind"].startswith("cni"):
            report.skip("redirection to the node's proxy of the ambient mode, which Lateen does not offer")
        elif row["config"].get("InboundInterceptionMode") == "TPROXY":
            report.skip("TPROXY: pods are captured by REDIRECT here")
        else:
            report.judge(f"{row['kind']}/{row['name']}", list(itertools.islice(_differences(row), 3)))
    return report


def capture_of(config: dict[str, Any]) -> Capture:
    """The settings of a row in our terms."""

    def words(name: str, default: str = "") -> tuple[str, ...]:
        return tuple(word for word in config.get(name, default).split(",") if word)

    return Capture(
        inbound_ports=words("InboundPortsInclude"),
        inbound_ports_excluded=words("InboundPortsExclude"),
        outbound_ports=words("OutboundPortsInclude"),
        outbound_ports_excluded=words("OutboundPortsExclude"),
        outbound_ranges=words("OutboundIPRangesInclude"),
        outbound_ranges_excluded=words("OutboundIPRangesExclude"),
        virtual_interfaces=words("RerouteVirtualInterfaces"),
        interfaces_excluded=words("ExcludeInterfaces"),
        owners=words("ProxyUID", "1337"),
        groups=words("ProxyGID", "1337"),
        owner_groups=words("OwnerGroupsInclude", "*"),
        owner_groups_excluded=words("OwnerGroupsExclude"),
        loopback=config.get("HostIPv4LoopbackCidr", "127.0.0.1/32"),
        dns=config.get("RedirectDNS", False),
        dns_servers=tuple(config.get("DNSServersV4") or ()),
    )


def _differences(row: dict[str, Any]) -> Iterator[str]:
    capture = capture_of(row["config"])
    ours = rules_of(capture)
    theirs = _iptables(row["golden"]) if row["kind"] == "iptables" else _nftables(row["golden"])
    if not theirs:
        yield "no rules could be read"
        return
    for packet in _packets(capture, ours):
        expected, found = _run(theirs, packet.chain, packet), verdict(ours, packet)
        if (expected or RETURN) != found:
            yield f"{packet} goes to {found}, with Istio to {expected or RETURN}"


def _packets(capture: Capture, rules: Iterable[Rule]) -> Iterator[Packet]:
    spoken: dict[str, set[str]] = {}
    for rule in rules:
        for match in rule.matches:
            spoken.setdefault(match.field, set()).update(match.values)
    ports = sorted({int(port) for port in spoken.get("port", ())} | {53, 80})
    given = (*capture.outbound_ranges, *capture.outbound_ranges_excluded, *capture.dns_servers)
    ranges = {"127.0.0.1", "127.5.5.5", "192.168.7.7"} | {
        str(ipaddress.ip_network(text, strict=False)[0]) for text in given if text != "*" and ":" not in text
    }
    owners = [*capture.owners, "1000"]
    groups = sorted({*capture.groups, *capture.owner_groups, *capture.owner_groups_excluded, "1000"} - {"*"})
    interfaces = ["lo", "eth9", *capture.virtual_interfaces, *capture.interfaces_excluded]
    sources = ["127.0.0.6", "10.9.9.9"]
    grid = itertools.product(
        (OUTPUT, PREROUTING), ("tcp", "udp"), sources, sorted(ranges), ports, owners, groups, interfaces
    )
    for chain, protocol, source, destination, port, owner, group, interface in grid:
        if chain == PREROUTING and (owner, group) != (owners[-1], groups[0]):
            continue  # What comes in has no owner here.
        yield Packet(
            chain=chain,
            protocol=protocol,
            source=source,
            destination=destination,
            port=port,
            owner=owner if chain == OUTPUT else "",
            group=group if chain == OUTPUT else "",
            interface=interface,
        )


def _run(chains: Chains, chain: str, packet: Packet) -> str:
    """The port that the packet is redirected to, RETURN for one that is let through, empty at the end of the chain."""
    for matches, target in chains.get(chain, ()):
        if not all(holds(match, packet) for match in matches):
            continue
        if target in _ACCEPTED:
            return RETURN if chain in (OUTPUT, PREROUTING) else ""
        if target.isdecimal():
            return target
        if target not in chains and not target.startswith(("ISTIO", "istio")):
            continue
        # A chain that is returned from goes on in the one that called it; ours end there, as nothing follows.
        if found := _run(chains, target, packet):
            return found
    return ""


# -- texts ------------------------------------------------------------------------------------------------------------


def _iptables(text: str) -> Chains:
    """The IPv4 rules of table nat: the first of its sections."""
    section = re.search(r"^\* nat\n(.*?)^COMMIT", text, re.S | re.M)
    chains: Chains = {}
    for line in section[1].splitlines() if section else ():
        words = shlex.split(line)
        if words[0] == "-N":
            chains.setdefault(words[1], [])
            continue
        chain = {"PREROUTING": PREROUTING, "OUTPUT": OUTPUT}.get(words[1], words[1])
        place = None
        rest = words[2:]
        if words[0] == "-I":
            place, rest = int(rest[0]) - 1, rest[1:]
        rule = _iptables_rule(rest)
        rules = chains.setdefault(chain, [])
        rules.insert(len(rules) if place is None else place, rule)
    return chains


_FIELDS = {
    "-o": "out",
    "-i": "in",
    "-s": "source",
    "-d": "destination",
    "-p": "protocol",
    "--dport": "port",
    "--dports": "port",
    "--uid-owner": "owner",
    "--gid-owner": "group",
}


def _iptables_rule(words: list[str]) -> tuple[tuple[Match, ...], str]:
    matches = []
    target = ""
    negated = False
    rest = iter(words)
    for word in rest:
        if word == "!":
            negated = True
        elif word in _FIELDS:
            matches.append(Match(_FIELDS[word], tuple(next(rest).split(",")), negated))
            negated = False
        elif word == "-m":
            next(rest)
        elif word == "-j" or word in ("--to-ports", "--to-port"):
            target = next(rest)
        else:
            raise ValueError(f"{word!r} in {' '.join(words)}")
    return tuple(matches), target


_NFT = {
    "oifname": "out",
    "iifname": "in",
    "saddr": "source",
    "daddr": "destination",
    "l4proto": "protocol",
    "dport": "port",
    "skuid": "owner",
    "skgid": "group",
}


def _nftables(text: str) -> Chains:
    """The rules of table nat, those for IPv6 left out."""
    chains: Chains = {}
    for line in text.splitlines():
        found = re.match(r"(add|insert) rule inet istio-proxy-nat (\S+) (?:index 0 )?(.*)", line)
        if found is None or re.search(r"\bip6 |nfproto ipv6", found[3]):
            continue
        rules = chains.setdefault(found[2], [])
        rules.insert(0 if found[1] == "insert" else len(rules), _nft_rule(found[3]))
    return chains


def _nft_rule(text: str) -> tuple[tuple[Match, ...], str]:
    words = re.sub(r"\{\s*(.*?)\s*\}", lambda m: m[1].replace(" ", ""), text).replace('"', "").split()
    matches = []
    target = ""
    rest = iter(words)
    for word in rest:
        if word in ("tcp", "udp"):
            matches.append(Match("protocol", (word,)))
        elif word in _NFT:
            value = next(rest)
            negated = value == "!="
            values = tuple((next(rest) if negated else value).split(","))
            matches.append(Match(_NFT[word], values, negated))
        elif word in ("return", "jump"):
            target = word if word == "return" else next(rest)
        elif word.startswith(":"):
            target = word[1:]
        elif word not in ("meta", "ip", "counter", "redirect", "to"):
            raise ValueError(f"{word!r} in {text}")
    return tuple(matches), target
