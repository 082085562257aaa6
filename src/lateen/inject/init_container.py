# SPDX-License-Identifier: Apache-2.0
"""istio-init, which redirects the pod's traffic to the proxy; or istio-validation, which checks that something does."""

from __future__ import annotations

from lateen.inject import annotation
from lateen.inject.document import Document
from lateen.inject.image import proxy_image
from lateen.inject.resources import proxy_resources
from lateen.inject.target import Target

PROXY_USER = 1337
"""User and group of the proxy; traffic of this user is not redirected."""
_ALWAYS_EXCLUDED = "15090,15021"
"""Ports of the proxy's metrics and health."""


def init_container(target: Target) -> Document | None:
    """The container that runs before all others; None when the pod wants no redirection."""
    settings = target.settings
    if target.interception_mode == "NONE":
        return None
    container: Document = {
        "name": target.init_container_name,
        "image": proxy_image(target),
        "args": _arguments(target),
        "resources": proxy_resources(target),
        "securityContext": _security_context(settings.cni, settings.privileged),
    }
    if settings.image_pull_policy:
        container["imagePullPolicy"] = settings.image_pull_policy
    if target.proxy_config.proxy_metadata:
        container["env"] = [
            {"name": name, "value": value} for name, value in sorted(target.proxy_config.proxy_metadata.items())
        ]
    return container


def excluded_inbound_ports(target: Target) -> str:
    """Ports whose traffic goes past the proxy: those of the annotation, and the one that the agent answers on."""
    excluded = target.annotation(annotation.EXCLUDE_INBOUND_PORTS, target.settings.exclude_inbound_ports)
    port = str(target.status_port)
    ports = [part.strip() for part in excluded.split(",")]
    if port == "0" or port in ports:
        return excluded
    return ",".join([part for part in ports if part] + [port])


def _arguments(target: Target) -> list[str]:
    settings = target.settings
    excluded = excluded_inbound_ports(target)
    arguments = ["istio-iptables", "-p", str(settings.outbound_listener_port)]
    arguments += ["-z", str(settings.inbound_listener_port), "-u", str(PROXY_USER)]
    arguments += ["-m", target.interception_mode]
    arguments += ["-i", target.annotation(annotation.INCLUDE_OUTBOUND_IP_RANGES, settings.include_outbound_ip_ranges)]
    arguments += ["-x", target.annotation(annotation.EXCLUDE_OUTBOUND_IP_RANGES, settings.exclude_outbound_ip_ranges)]
    arguments += ["-b", target.annotation(annotation.INCLUDE_INBOUND_PORTS, settings.include_inbound_ports)]
    arguments += ["-d", f"{_ALWAYS_EXCLUDED},{excluded}" if excluded else _ALWAYS_EXCLUDED]
    for option, value in (
        ("-q", target.annotations.get(annotation.INCLUDE_OUTBOUND_PORTS, settings.include_outbound_ports or None)),
        ("-o", target.annotations.get(annotation.EXCLUDE_OUTBOUND_PORTS, settings.exclude_outbound_ports or None)),
        ("-k", _virtual_interfaces(target)),
        ("-c", target.annotations.get(annotation.EXCLUDE_INTERFACES)),
    ):
        if value is not None:
            arguments += [option, value]
    arguments.append(f"--log_output_level={target.annotation(annotation.AGENT_LOG_LEVEL, settings.agent_log_level)}")
    if settings.log_as_json:
        arguments.append("--log_as_json")
    if settings.cni:
        arguments += ["--run-validation", "--skip-rule-apply"]
    return arguments


def _virtual_interfaces(target: Target) -> str | None:
    older = target.annotations.get(annotation.KUBEVIRT_INTERFACES)
    return target.annotations.get(annotation.REROUTE_VIRTUAL_INTERFACES, older)


def _security_context(cni: bool, privileged: bool) -> Document:
    context: Document = {"allowPrivilegeEscalation": privileged, "privileged": privileged}
    if cni:
        return {
            **context,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsGroup": PROXY_USER,
            "runAsNonRoot": True,
            "runAsUser": PROXY_USER,
        }
    return {
        **context,
        "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]},
        "readOnlyRootFilesystem": False,
        "runAsGroup": 0,
        "runAsNonRoot": False,
        "runAsUser": 0,
    }
