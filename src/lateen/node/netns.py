# SPDX-License-Identifier: Apache-2.0
"""The network of the cluster over netlink: the bridge in its own namespace, and each pod's link to it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

BRIDGE = "pods"
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
API_ADDRESS = "10.96.0.1"
GATEWAY = "10.244.0.1"
"""The cluster's own address on the bridge: the pods' way to everything else."""
_LINK_SCOPE = 253
_ONLINK = 4
_MTU = 65000


def set_up_cluster(own_addresses: Iterable[str]) -> None:
    """The bridge, and the addresses that the cluster itself answers at. Does nothing the second time."""
    with IPRoute() as links:
        loopback = links.link_lookup(ifname="lo")[0]
        links.link("set", index=loopback, state="up")
        if not links.link_lookup(ifname=BRIDGE):
            links.link("add", ifname=BRIDGE, kind="bridge")
        bridge = links.link_lookup(ifname=BRIDGE)[0]
        links.addr("replace", index=bridge, address=GATEWAY, prefixlen=16)
        links.link("set", index=bridge, state="up", mtu=_MTU)
        # Only a connection that has a way is translated.
        links.route("replace", dst=SERVICE_NETWORK, oif=bridge)
        for address in own_addresses:
            links.addr("replace", index=loopback, address=address, prefixlen=32)
    for name in ("net/ipv4/ip_forward", "net/ipv4/conf/all/send_redirects", f"net/ipv4/conf/{BRIDGE}/send_redirects"):
        set_parameter(name, "1" if name.endswith("forward") else "0")


def attach(pid: int, link: str) -> None:
    """Give the network namespace of a process an `eth0` on the bridge; `link` names the other end."""
    with IPRoute() as links:
        for index in links.link_lookup(ifname=link):
            links.link("del", index=index)
        links.link("add", ifname=link, kind="veth", peer={"ifname": "eth0", "net_ns_pid": pid, "mtu": _MTU}, mtu=_MTU)
        index = links.link_lookup(ifname=link)[0]
        links.link("set", index=index, master=links.link_lookup(ifname=BRIDGE)[0], state="up")


def detach(link: str) -> None:
    """Remove a pod's link; that it has gone with its pod is fine."""
    with IPRoute() as links:
        for index in links.link_lookup(ifname=link):
            try:
                links.link("del", index=index)
            except NetlinkError as error:
                if error.code != 19:
                    raise


def set_up_pod(address: str) -> None:
    """Address and routes in a pod's namespace, and what its applications may do there.

    All traffic between pods goes by way of the cluster's namespace, where addresses of services are translated both
    ways.
    """
    with IPRoute() as links:
        links.link("set", index=links.link_lookup(ifname="lo")[0], state="up")
        index = links.link_lookup(ifname="eth0")[0]
        # A pod that is made anew has the hardware address that the others remember.
        links.link("set", index=index, address=hardware_address(address))
        links.addr("add", index=index, address=address, prefixlen=32)
        links.link("set", index=index, state="up")
        links.route("add", dst=f"{GATEWAY}/32", oif=index, scope=_LINK_SCOPE)
        links.route("add", dst="default", gateway=GATEWAY, oif=index, flags=_ONLINK)
    set_parameter("net/ipv4/ip_unprivileged_port_start", "0")
    set_parameter("net/ipv4/ping_group_range", "0 0")


def hardware_address(address: str) -> str:
    """The MAC address of a pod, made from its IPv4 address."""
    return "0a:58:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def set_parameter(name: str, value: str) -> None:
    """A setting of this network namespace; where /proc/sys is read-only it stays as it is."""
    path = Path("/proc/sys") / name
    if os.access(path, os.W_OK):
        path.write_text(value)
