# SPDX-License-Identifier: Apache-2.0
"""Checks of names and addresses. Each returns what is wrong, in Istio's words, or None."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from lateen.parse.validation.findings import Findings, quoted

UNIX_PREFIX: Final = "unix://"

_LABEL_TEXT: Final = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_LABEL: Final = re.compile(_LABEL_TEXT)
_WILDCARD_LABEL: Final = re.compile(rf"\*|(?:\*|\*-)?{_LABEL_TEXT}")
_TAG: Final = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_TAG_PREFIX: Final = re.compile(rf"{_LABEL_TEXT}(?:\.{_LABEL_TEXT})*/")
_NUMBER: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)

HTTP_PROTOCOLS: Final = frozenset({"http", "http2", "http_proxy", "grpc", "grpc-web"})
TLS_PROTOCOLS: Final = frozenset({"https", "tls"})
TCP_PROTOCOLS: Final = frozenset({"tcp", "https", "tls", "mongo", "redis", "mysql"})
PROTOCOLS: Final = HTTP_PROTOCOLS | TCP_PROTOCOLS | {"udp", "hbone"}


def is_label(name: str) -> bool:
    """Whether a name is a DNS label: letters, digits and inner dashes, at most 63."""
    return len(name) <= 63 and _LABEL.fullmatch(name) is not None


def is_wildcard_label(name: str) -> bool:
    """Whether a name is a DNS label that may be, or begin with, a wildcard."""
    return len(name) <= 63 and _WILDCARD_LABEL.fullmatch(name) is not None


def _domain_length(domain: str) -> str | None:
    if len(domain) > 255:
        return f"domain name {quoted(domain)} too long (max 255)"
    return None if domain else "empty domain name not allowed"


def _domain_labels(domain: str) -> str | None:
    parts = domain.split(".")
    if _NUMBER.fullmatch(parts[-1]):
        return f"domain name {quoted(domain)} invalid (top level domain {quoted(parts[-1])} cannot be all-numeric)"
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    for part in parts:
        if not is_label(part):
            return f"domain name {quoted(domain)} invalid (label {quoted(part)} invalid)"
    return None


@lru_cache(maxsize=4096)
def fqdn(domain: str) -> str | None:
    """A domain name without wildcards."""
    return _domain_length(domain) or _domain_labels(domain)


@lru_cache(maxsize=4096)
def wildcard_domain(domain: str) -> str | None:
    """A domain name whose first label may be, or begin with, a wildcard."""
    too_long = _domain_length(domain)
    if too_long:
        return too_long
    first, dot, rest = domain.partition(".")
    if not is_wildcard_label(first):
        return f"domain name {quoted(domain)} invalid (label {quoted(first)} invalid)"
    return _domain_labels(rest) if dot else None


_GENERATED_SNI: Final = re.compile(r"outbound_\.[0-9]{1,5}_\.[^.]*_\..+")


def gateway_domain(domain: str, sni: bool) -> str | None:
    """A host of a VirtualService on gateways; server names may be those that Istio generates (outbound_.80_._.…)."""
    too_long = _domain_length(domain)
    if too_long:
        return too_long
    first = domain.partition(".")[0]
    if sni and first == "outbound_":
        if _GENERATED_SNI.fullmatch(domain):
            return None
        return f"domain name {quoted(domain)} invalid (label {quoted(first)} invalid)"
    return wildcard_domain(domain)


def partial_wildcard(host: str) -> str | None:
    """A wildcard that is not a whole label."""
    if "*" in host and len(host) != 1 and not host.startswith("*."):
        return f"partial wildcard {quoted(host)} not allowed"
    return None


def port(number: int) -> str | None:
    """A port number."""
    return None if 1 <= number <= 65535 else f"port number {number} must be in the range 1..65535"


def port_name(name: str) -> str | None:
    """The name of a port."""
    return None if is_label(name) else f"invalid port name: {name}"


def protocol(name: str) -> str | None:
    """A protocol, in any case; empty means that it is detected."""
    return None if not name or name.lower() in PROTOCOLS else f"unsupported protocol: {name}"


def is_http(protocol_name: str) -> bool:
    """Whether requests of the protocol are routed as HTTP."""
    return protocol_name.lower() in HTTP_PROTOCOLS


def is_tls(protocol_name: str) -> bool:
    """Whether connections of the protocol begin with TLS."""
    return protocol_name.lower() in TLS_PROTOCOLS


def is_tcp(protocol_name: str) -> bool:
    """Whether connections of the protocol are passed on as bytes."""
    return protocol_name.lower() in TCP_PROTOCOLS


@lru_cache(maxsize=4096)
def is_ip(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def ip(address: str) -> str | None:
    """An IP address."""
    return None if is_ip(address) else f"{address} is not a valid IP"


def subnet(text: str) -> str | None:
    """An IP address or a CIDR range."""
    if text.count("/") != 1:
        return ip(text)
    return None if is_prefix(text) else f"{text} is not a valid CIDR block"


def is_prefix(text: str) -> bool:
    """Whether the text is a CIDR range with a numeric length; host bits may be set."""
    address, _, length = text.partition("/")
    if not re.fullmatch(r"0|[1-9][0-9]*", length, re.ASCII) or "%" in address or not is_ip(address):
        return False
    return int(length) <= ipaddress.ip_address(address).max_prefixlen


def unix_address(path: str) -> str | None:
    """The path of a Unix socket, absolute, or an abstract one (@name)."""
    if not path:
        return "unix address must not be empty"
    if path.startswith("@"):
        return None
    return None if path.startswith("/") and not path.endswith("/") else f"{path} is not an absolute path to a file"


def check_labels(findings: Findings, field: str, labels: Mapping[str, str]) -> None:
    """Labels of workloads."""
    for key, value in labels.items():
        prefix = _TAG_PREFIX.match(key)
        name = key[prefix.end() :] if prefix else key
        if (prefix and prefix.end() > 254) or len(name) > 63 or not _TAG.fullmatch(name):
            findings.error(field, f"invalid tag key: {quoted(key)}", "use letters, digits, - _ and ., at most 63")
        if len(value) > 63 or (value and not _TAG.fullmatch(value)):
            findings.error(field, f"invalid tag value: {quoted(value)}", "use letters, digits, - _ and ., at most 63")


def check_namespaced_host(findings: Findings, field: str, host: str, is_gateway: bool) -> None:
    """A host of a Gateway's server or of a Sidecar's egress: `namespace/name`, in Gateways also just the name."""
    namespace, slash, name = host.partition("/")
    if not slash:
        if is_gateway:
            _check_host_part(findings, field, host, is_gateway)
        else:
            findings.error(field, "host must be of form namespace/dnsName", f'write "*/{host}" for every namespace')
        return
    if not namespace or not name:
        findings.error(field, "config namespace and dnsName in host entry cannot be empty", "write namespace/name")
    wildcards = ("*", ".") if is_gateway else ("*", ".", "~")
    if namespace not in wildcards and not is_label(namespace if is_gateway else namespace.removeprefix("~")):
        where = "gateway" if is_gateway else "sidecar"
        hint = f"write a namespace or one of {' '.join(wildcards)}"
        findings.error(field, f"invalid namespace value {quoted(namespace)} in {where}", hint)
    _check_host_part(findings, field, name, is_gateway)


def _check_host_part(findings: Findings, field: str, host: str, is_gateway: bool) -> None:
    if host != "*" and "." not in host:
        findings.error(field, "short names (non FQDN) are not allowed", "write the name in full: name.namespace.svc.…")
    wrong = wildcard_domain(host)
    if wrong and not (is_gateway and is_ip(host)):
        findings.error(field, wrong, "use letters, digits, - and ., and a wildcard only as the whole first part")
    findings.expect(field, partial_wildcard(host), "a wildcard must be the whole first part: *.example.com")


class HostCover:
    """Which names a set of hosts covers; asked in time that does not depend on how many there are."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._first: dict[str, int] = {}
        """Where a host, or what follows the asterisk of a wildcard with its asterisk, first stands."""
        for index, host in enumerate(hosts):
            self._first.setdefault(host, index)

    def covers(self, host: str) -> bool:
        """Whether every name of the host is a name of one of the hosts."""
        return host in self._first or any(wildcard in self._first for wildcard in _wildcards_over(host))

    def overlaps(self, host: str, index: int) -> list[int]:
        """Where hosts stand that cover the host at `index`: the same one again, or a wildcard."""
        found = [self._first[wildcard] for wildcard in _wildcards_over(host) if wildcard in self._first]
        first = self._first.get(host, index)
        return [place for place in (first, *found) if place != index]


def _wildcards_over(host: str) -> Iterator[str]:
    """Every wildcard that covers a host, the host itself left out."""
    name = host[1:] if host.startswith("*") else host
    start = 1 if host.startswith("*") else 0
    return (f"*{name[position:]}" for position in range(start, len(name) + 1))


_CLAIM: Final = re.compile(r"@request\.auth\.claims(?:\..+|\[.+\])", re.IGNORECASE)


def is_jwt_claim(header: str) -> bool:
    """Whether the name of a header stands for a claim of a verified token: @request.auth.claims.group"""
    return _CLAIM.fullmatch(header) is not None
