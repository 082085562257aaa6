# SPDX-License-Identifier: Apache-2.0
"""`lateen demo`: Hello Web behind a real Envoy gateway, steered by documents in a folder.

The story is that of "Hands-on walkthrough of traffic management in Istio" by Peter Jausovec, told without a cluster.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path
from string import Template

import click
import httpx
from rich.console import Console

from lateen.samples.children import ChildError, Children, lines_of

MISSING = 3
HOST = "helloweb.dev"
REQUESTS = 200


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), help="Leave documents and logs in this folder.")
def demo(keep: Path | None) -> None:
    """See it work: a real Envoy gateway, two versions of Hello Web, and documents that steer it.

    Takes about ten seconds, uses loopback only, ends by itself and leaves nothing running.
    """
    with tempfile.TemporaryDirectory(prefix="lateen-demo-") as temporary:
        folder = keep or Path(temporary)
        (folder / "documents").mkdir(parents=True, exist_ok=True)
        try:
            with Children(folder) as children:
                _Story(folder, children).tell()
        except ChildError as error:
            click.echo(f"lateen demo: {error}", err=True)
            sys.exit(MISSING)
    click.echo("Everything that was started has ended.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Story:
    def __init__(self, folder: Path, children: Children) -> None:
        self._documents = folder / "documents"
        self._folder = folder
        self._children = children
        self._console = Console(highlight=False, soft_wrap=True)
        self._ports: dict[str, str] = {}
        self._client = httpx.Client(timeout=5, trust_env=False, headers={"host": HOST})

    @property
    def _gateway(self) -> str:
        return f"http://127.0.0.1:{self._ports['GATEWAY_PORT']}"

    def tell(self) -> None:
        """The whole demonstration."""
        self._start_applications()
        self._start_mesh()
        self._step("A Gateway is there, a VirtualService is not: Envoy knows no route and says so.")
        self._wait(lambda: self._answers(404))
        self._curl("-i")
        self._step("A VirtualService sends everything for helloweb.dev to version 1.")
        self._apply("3-all-to-v1.yaml", "helloweb.yaml", lambda: self._answers(200))
        self._curl()
        self._step("The same file, now with a 90/10 split between version 1 and version 2.")
        self._apply("4-split.yaml", "helloweb.yaml", lambda: self._version() == "2.0.0")
        shares = self._versions(REQUESTS)
        self._say(f"{REQUESTS} requests: " + ", ".join(f"{n} to {v}" for v, n in sorted(shares.items())))
        self._step("Now by header: Firefox gets version 2, everybody else version 1.")
        self._apply(
            "5-header.yaml", "helloweb.yaml", lambda: self._version("Firefox") == "2.0.0" and self._version() == "1.0.0"
        )
        self._curl("-A", "Firefox")
        self._curl()
        self._step("And an edit of the file: everything to version 2, with a header in the response.")
        self._apply(
            "6-edit.yaml",
            "helloweb.yaml",
            lambda: self._client.get(self._gateway).headers.get("x-served-by") == "lateen",
        )
        self._curl("-i")
        self._say("What Lateen said while this went on:")
        for line in lines_of(self._children.log("lateen")):
            self._console.print(f"  {line}", style="dim", markup=False)

    def _start_applications(self) -> None:
        for version in ("1", "2"):
            host = f"127.0.0.{version}"
            self._application(f"greeter-v{version}", "greeter", version, host)
            greeter = self._port(f"greeter-v{version}")
            self._application(f"helloweb-v{version}", "hello_web", version, host, f"http://{host}:{greeter}")
            self._ports[f"WEB_V{version}_PORT"] = self._port(f"helloweb-v{version}")
        self._ports["GATEWAY_PORT"] = str(_free_port())

    def _application(self, name: str, module: str, version: str, host: str, greeter: str = "") -> None:
        command = [sys.executable, "-m", f"lateen.samples.{module}", "--version", f"{version}.0.0"]
        environment = {"GREETER_SERVICE_URL": greeter} if greeter else {}
        self._children.start(name, [*command, "--host", host, "--port", "0"], environment)

    def _port(self, name: str) -> str:
        return self._children.wait_for(name, r"listening on \S+:(\d+)").group(1)

    def _start_mesh(self) -> None:
        self._write("1-gateway.yaml", "gateway.yaml")
        self._write("2-helloweb.yaml", "services.yaml")
        lateen = [sys.executable, "-m", "lateen.cli"]
        self._step(f"Lateen reads the documents in {self._documents} and serves them to a real Envoy.")
        self._children.start(
            "lateen",
            [
                *lateen,
                "serve",
                "-f",
                str(self._documents),
                "--xds-address",
                "127.0.0.1:0",
                "--data",
                str(self._folder / "data"),
            ],
        )
        xds = self._children.wait_for("lateen", r"serving xDS on (\S+)").group(1)
        node = "router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local"
        proxy = ["proxy", "--node", node, "--label", "istio=ingressgateway", "--xds-address", xds, "--drain", "0"]
        self._children.start("envoy", [*lateen, *proxy, "--folder", str(self._folder / "envoy")])

    def _write(self, document: str, name: str) -> None:
        text = (files("lateen.samples") / "demo" / document).read_text()
        temporary = self._documents / f".{name}.tmp"
        temporary.write_text(Template(text).substitute(self._ports))
        temporary.rename(self._documents / name)

    def _apply(self, document: str, name: str, effective: object) -> None:
        """Put a document in place and wait until requests meet it; says how long that took."""
        started = time.perf_counter()
        self._write(document, name)
        self._wait(effective)
        self._say(f"effective in Envoy {1000 * (time.perf_counter() - started):.0f} ms after the file was written")

    def _wait(self, condition: object) -> None:
        assert callable(condition)
        end = time.monotonic() + 30
        while True:
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > end:
                said = "\n".join(
                    [*lines_of(self._children.log("lateen")), *lines_of(self._children.log("envoy"))][-40:]
                )
                raise ChildError(f"Envoy did not do what the documents say within 30 s:\n{said}")
            time.sleep(0.002)

    def _answers(self, status: int) -> bool:
        return self._client.get(self._gateway).status_code == status

    def _version(self, agent: str = "curl") -> str:
        text = self._client.get(self._gateway, headers={"user-agent": agent}).text
        return text.partition("frontend: ")[2].partition("<")[0]

    def _versions(self, requests: int) -> Counter[str]:
        return Counter(self._version() for _ in range(requests))

    def _step(self, text: str) -> None:
        self._console.print(f"\n● {text}", style="bold", markup=False)

    def _say(self, text: str) -> None:
        self._console.print(f"  {text}", style="green", markup=False)

    def _curl(self, *arguments: str) -> None:
        """Show one request as the reader would make it."""
        shown = " ".join(
            f'"{a}"' if " " in a else a for a in ("curl", "-s", *arguments, "-H", f"Host: {HOST}", self._gateway)
        )
        self._console.print(f"  $ {shown}", style="cyan", markup=False)
        curl = shutil.which("curl")
        if curl:
            done = subprocess.run(
                [curl, "-s", "--noproxy", "*", *arguments, "-H", f"Host: {HOST}", self._gateway],
                capture_output=True,
                text=True,
                check=False,
                timeout=10,
            )
            output = done.stdout
        else:
            agent = {"user-agent": arguments[1]} if arguments[:1] == ("-A",) else {}
            reply = self._client.get(self._gateway, headers=agent)
            head = [f"{reply.http_version} {reply.status_code} {reply.reason_phrase}"]
            head += [f"{name}: {value}" for name, value in reply.headers.items()]
            output = ("\n".join([*head, "", ""]) if "-i" in arguments else "") + reply.text
        for line in output.strip().splitlines():
            self._console.print(f"    {line.rstrip()}", markup=False)
