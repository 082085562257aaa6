# SPDX-License-Identifier: Apache-2.0
"""istio-proxy as a sidecar."""

from __future__ import annotations

from lateen.inject import annotation
from lateen.inject.document import PROXY, Document
from lateen.inject.environment import proxy_environment
from lateen.inject.image import proxy_image
from lateen.inject.init_container import PROXY_USER
from lateen.inject.resources import proxy_resources
from lateen.inject.target import Target
from lateen.inject.volumes import proxy_volume_mounts


def sidecar_container(target: Target) -> Document:
    """The proxy's container; as a native sidecar it has restartPolicy Always and drains when the pod shuts down."""
    settings = target.settings
    container: Document = {
        "name": PROXY,
        "image": proxy_image(target),
        "ports": [{"containerPort": 15090, "protocol": "TCP", "name": "http-envoy-prom"}],
        "args": proxy_arguments(target, "sidecar"),
        "env": proxy_environment(target),
        "resources": proxy_resources(target),
        "securityContext": _security_context(target),
        "volumeMounts": proxy_volume_mounts(target),
    }
    if settings.image_pull_policy:
        container["imagePullPolicy"] = settings.image_pull_policy
    if target.is_native:
        drain = ["pilot-agent", "request", f"--debug-port={target.status_port}", "POST", "drain"]
        container["restartPolicy"] = "Always"
        container["lifecycle"] = {"preStop": {"exec": {"command": drain}}}
    elif target.holds_application:
        container["lifecycle"] = {"postStart": {"exec": {"command": ["pilot-agent", "wait"]}}}
    if target.status_port:
        container["readinessProbe"] = readiness_probe(
            target.number(annotation.READINESS_INITIAL_DELAY, settings.readiness_initial_delay_seconds),
            target.number(annotation.READINESS_PERIOD, settings.readiness_period_seconds),
            target.number(annotation.READINESS_FAILURE_THRESHOLD, settings.readiness_failure_threshold),
        )
        if settings.startup_failure_threshold:
            container["startupProbe"] = {
                "httpGet": _health(),
                "periodSeconds": 1,
                "timeoutSeconds": 3,
                "failureThreshold": settings.startup_failure_threshold,
            }
    return container


def proxy_arguments(target: Target, role: str) -> list[str]:
    """How the proxy is started; `role` is sidecar or router."""
    settings = target.settings
    arguments = ["proxy", role, "--domain", f"$(POD_NAMESPACE).svc.{settings.cluster_domain}"]
    for option, name, default in (
        ("--proxyLogLevel", annotation.LOG_LEVEL, settings.log_level),
        ("--proxyComponentLogLevel", annotation.COMPONENT_LOG_LEVEL, settings.component_log_level),
        ("--log_output_level", annotation.AGENT_LOG_LEVEL, settings.agent_log_level),
    ):
        arguments.append(f"{option}={target.annotation(name, default)}")
    if settings.log_as_json:
        arguments.append("--log_as_json")
    return arguments


def readiness_probe(initial_delay: int, period: int, failure_threshold: int) -> Document:
    """When a proxy is ready for traffic; times in seconds."""
    delay = {"initialDelaySeconds": initial_delay} if initial_delay else {}
    return {
        "httpGet": _health(),
        **delay,
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failure_threshold,
    }


def _health() -> Document:
    return {"path": "/healthz/ready", "port": 15021}


def _security_context(target: Target) -> Document:
    settings = target.settings
    if target.proxy_config.proxy_metadata.get("IPTABLES_TRACE_LOGGING") == "true":
        return {
            "allowPrivilegeEscalation": True,
            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
            "privileged": True,
            "readOnlyRootFilesystem": True,
            "runAsGroup": PROXY_USER,
            "runAsNonRoot": False,
            "runAsUser": 0,
        }
    binds = str(settings.cap_net_bind_service).lower()
    added = ["NET_ADMIN"] if target.interception_mode == "TPROXY" else []
    if target.annotation(annotation.CAP_NET_BIND_SERVICE, binds) == "true":
        added.append("NET_BIND_SERVICE")
    return {
        "allowPrivilegeEscalation": settings.privileged,
        "capabilities": {"add": added, "drop": ["ALL"]} if added else {"drop": ["ALL"]},
        "privileged": settings.privileged,
        "readOnlyRootFilesystem": True,
        "runAsGroup": PROXY_USER,
        "runAsNonRoot": not added,
        "runAsUser": 0 if added else PROXY_USER,
    }
