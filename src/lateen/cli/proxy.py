# SPDX-License-Identifier: Apache-2.0
"""`lateen proxy`: run one Envoy as a sidecar or a gateway of the mesh."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import click

from lateen.node.bootstrap import NodeId, bootstrap
from lateen.node.envoy_binary import EnvoyMissingError
from lateen.node.envoy_process import SupervisedEnvoy

MISSING = 3


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} is not KEY=VALUE")
    return dict(value.split("=", 1) for value in values)


def _node(ctx: click.Context, parameter: click.Parameter, value: str) -> NodeId:
    try:
        return NodeId.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option(
    "--node", required=True, callback=_node, metavar="ID", help="Istio's node id: type~ip~name.namespace~domain."
)
@click.option("--label", "labels", multiple=True, callback=_pairs, metavar="KEY=VALUE", help="A label of the workload.")
@click.option("--service-account", default="default", show_default=True, help="Its identity in the mesh.")
@click.option("--network", default="", help="The network it is in, for meshes of several.")
@click.option(
    "--xds-address", default="127.0.0.1:15010", show_default=True, help="HOST:PORT or unix:PATH of the control plane."
)
@click.option("--admin-port", default=0, help="Port of Envoy's admin API on loopback; 0 picks a free one.")
@click.option("--concurrency", default=2, show_default=True, help="Worker threads.")
@click.option("--drain", default=5.0, show_default=True, help="Seconds that requests in flight get at the end.")
@click.option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(["trace", "debug", "info", "warning", "error"]),
)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where bootstrap and log go; a temporary one otherwise."
)
def proxy(
    node: NodeId,
    labels: dict[str, str],
    service_account: str,
    network: str,
    xds_address: str,
    admin_port: int,
    concurrency: int,
    drain: float,
    log_level: str,
    folder: Path | None,
) -> None:
    """Run an Envoy that takes its configuration from Lateen, and keep it running.

    \b
    Example: an ingress gateway
      lateen proxy --node router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local \\
                   --label istio=ingressgateway
    """
    metadata = {"SERVICE_ACCOUNT": service_account} | ({"NETWORK": network} if network else {})
    text = bootstrap(node, configuration=xds_address, labels=labels, metadata=metadata, admin_port=admin_port)
    with tempfile.TemporaryDirectory(prefix="lateen-proxy-") as temporary:
        envoy = SupervisedEnvoy(
            text,
            folder or Path(temporary),
            arguments=("--concurrency", str(concurrency), "--log-level", log_level),
            drain_seconds=drain,
            said=lambda line: click.echo(line, err=True),
        )
        try:
            asyncio.run(_run(envoy))
        except EnvoyMissingError as error:
            click.echo(f"lateen proxy: {error}", err=True)
            sys.exit(MISSING)


async def _run(envoy: SupervisedEnvoy) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: loop.create_task(envoy.stop()))
    supervision = asyncio.create_task(envoy.run())
    announce = asyncio.create_task(_announce(envoy))
    await supervision
    announce.cancel()


async def _announce(envoy: SupervisedEnvoy) -> None:
    """Say once where the admin API is."""
    while envoy.admin is None:  # noqa: ASYNC110 - another process writes that file
        await asyncio.sleep(0.05)
    click.echo(f"admin API on http://{envoy.admin}", err=True)
