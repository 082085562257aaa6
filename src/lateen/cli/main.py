# SPDX-License-Identifier: Apache-2.0
"""`lateen`: the command group. Each command lives in a module of its own and is imported when it is called.

Exit codes, for every command: 0 done; 1 the answer is no (invalid documents, a check that failed); 2 the call's words
are off; 3 something needed is not there or cannot be reached; 130 interrupted.
"""

from __future__ import annotations

from importlib import import_module

import click

from lateen import __version__

COMMANDS = {
    "apiserver": ("lateen.cli.apiserver:apiserver", "Serve the Kubernetes API from one small process."),
    "config": ("lateen.cli.config:config", "Print what a proxy would get, offline."),
    "convert": ("lateen.cli.convert:convert", "Turn rules of Istio's first API into today's."),
    "down": ("lateen.cli.down:down", "End a cluster of this machine."),
    "demo": ("lateen.cli.demo:demo", "See it work: Hello Web behind a real Envoy, in half a minute."),
    "doctor": ("lateen.cli.doctor:doctor", "Say whether this machine can run a cluster."),
    "inject": ("lateen.cli.inject:inject", "Add sidecars to the pods of documents."),
    "env": ("lateen.cli.env:env", "Print KUBECONFIG and GATEWAY of a cluster for the shell."),
    "proxy": ("lateen.cli.proxy:proxy", "Run one Envoy as a sidecar or a gateway of the mesh."),
    "sample": ("lateen.cli.sample:sample", "Small applications to try a mesh with."),
    "serve": ("lateen.cli.serve:serve", "Steer Envoy proxies by documents."),
    "shell": ("lateen.cli.shell:shell", "Open a shell inside the network of a cluster."),
    "status": ("lateen.cli.status:status", "Show what each connected proxy holds."),
    "up": ("lateen.cli.up:up", "Start a cluster on this machine."),
    "validate": ("lateen.cli.validate:validate", "Check documents as Istio's webhook does."),
}
"""Command -> (`module:function`, one line of help). The line stands here so that `lateen --help` imports nothing."""


class LazyGroup(click.Group):
    """A group that imports a command only when it is needed, so that `lateen --help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in sorted(COMMANDS.items())])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 something needed is missing, 130 interrupted.",
)
@click.version_option(__version__, "-V", "--version", prog_name="lateen")
def main() -> None:
    """Istio's traffic management on real Envoy proxies, without a cluster.

    \b
    lateen demo                        see it work, in half a minute
    lateen serve -f DIR                steer Envoy proxies by the documents in a folder
    lateen proxy --node NODE           run an Envoy that is steered
    lateen config PROXY -f DIR         what a proxy would get, offline
    lateen status                      what each proxy holds
    """
