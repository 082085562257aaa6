# SPDX-License-Identifier: Apache-2.0
"""Addresses that are not those of a server on the internet (IANA's registries of special-purpose addresses)."""

from __future__ import annotations

NO_SERVER = (
    "0.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/3",
    "::/128",
    "::ffff:0:0/96",
    "fe80::/10",
    "ff00::/8",
    "fd00:ec2::254",
)
"""Link-local, where clouds keep the credentials of their machines (and the IPv6 address that does the same), "this
host", multicast and reserved; and IPv4 in the disguise of IPv6, which would pass by the other ranges."""

NOT_PUBLIC = (
    *NO_SERVER,
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "::1",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2002::/16",
    "fc00::/7",
)
"""Also the machine's own, private networks, and IPv6 that is translated to IPv4."""
