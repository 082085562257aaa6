# SPDX-License-Identifier: Apache-2.0
"""A mesh of real commands on a folder of documents."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.commands import NODE, Command, wait_until

GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: gateway
  namespace: default
spec:
  selector:
    istio: ingressgateway
  servers:
  - port: {{number: {port}, name: http, protocol: HTTP}}
    bind: 127.0.0.1
    hosts: ['*']
"""

ANSWER = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {name}
  namespace: default
spec:
  hosts: [{host}]
  gateways: [gateway]
  http:
  - directResponse:
      status: 200
      body:
        string: {body}
"""


class Mesh:
    """`lateen serve` on `documents`, and the address of the gateway that `lateen proxy` runs."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.documents = folder / "documents"
        self.documents.mkdir()
        self.xds = f"unix:{folder / 'xds.sock'}"
        self.url = f"http://127.0.0.1:{self.port}/"
        self.write("gateway.yaml", GATEWAY.format(port=self.port))
        self.commands: list[Command] = []

    def write(self, name: str, text: str) -> None:
        """Put a file in place in one step."""
        temporary = self.documents / f".{name}.tmp"
        temporary.write_text(text)
        temporary.rename(self.documents / name)

    def answer(self, host: str, body: str, name: str = "") -> None:
        """A rule that answers requests for `host` with `body`."""
        name = name or host.replace(".", "-")
        self.write(f"{name}.yaml", ANSWER.format(name=name, host=host, body=body))

    def serve(self) -> Command:
        """Start the control plane and wait until it serves."""
        log = self.folder / f"serve-{len(self.commands)}.log"
        command = Command(log, "serve", "-f", self.documents, "--xds-address", self.xds, "--data", self.folder / "data")
        self.commands.append(command)
        command.wait_for(r"serving xDS on")
        return command

    def proxy(self) -> Command:
        """Start the gateway and wait until its port is open."""
        log = self.folder / f"proxy-{len(self.commands)}.log"
        arguments = ("--node", NODE, "--label", "istio=ingressgateway", "--xds-address", self.xds, "--drain", "0")
        command = Command(log, "proxy", *arguments, "--concurrency", "1", "--folder", self.folder / "envoy")
        self.commands.append(command)
        wait_until(self.is_open, lambda: command.said)
        return command

    def is_open(self) -> bool:
        """Whether the gateway's port takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        for command in reversed(self.commands):
            command.stop()


@pytest.fixture
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Mesh]]:
    """Makes meshes; all their processes are ended with the test."""
    made: list[Mesh] = []

    def make() -> Mesh:
        made.append(Mesh(tmp_path_factory.mktemp("m")))
        return made[-1]

    yield make
    for each in made:
        each.stop()
