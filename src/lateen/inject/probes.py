# SPDX-License-Identifier: Apache-2.0
"""Probes of the application go to the proxy's agent, which passes them on to the application.

The kubelet has no certificate, so that a probe at the application's own port would fail under strict mutual TLS; and a
TCP probe would always meet the proxy's open port.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Final

from lateen.inject import annotation
from lateen.inject.document import PROXY, Document, containers, mapping, objects, sidecar_of
from lateen.inject.target import Target
from lateen.inject.truth import parse_bool

PROBERS: Final = "ISTIO_KUBE_APP_PROBERS"
"""The variable that tells the agent where the application's probes were: a JSON object by path."""
_PROBES: Final = (("readinessProbe", "readyz"), ("livenessProbe", "livez"), ("startupProbe", "startupz"))
_HOOKS: Final = (("preStop", "prestopz"), ("postStart", "poststartz"))
_KINDS: Final = ("httpGet", "tcpSocket", "grpc")


def rewrite_probes(pod: Document, target: Target) -> None:
    """Send the probes and lifecycle hooks of the pod's containers to the agent; changes `pod`."""
    proxy = sidecar_of(pod)
    own = parse_bool(target.annotations.get(annotation.REWRITE_PROBES, ""))
    wanted = target.settings.rewrite_probes if own is None else own
    port = target.number(annotation.STATUS_PORT, target.proxy_config.status_port)
    if proxy is None or not wanted or port == 0:
        return
    probers: Document = {}
    for container in (*containers(pod, "initContainers"), *containers(pod, "containers")):
        if container.get("name") == PROXY:
            continue
        ports = {item["name"]: item.get("containerPort") for item in objects(container.get("ports")) if "name" in item}
        for path, probe in _checks(container):
            _rewrite(path, probe, port, ports, probers)
    if probers:
        _tell_agent(proxy, probers)


def _checks(container: Document) -> Iterator[tuple[str, Document]]:
    name = container.get("name")
    for field, ending in _PROBES:
        if isinstance(container.get(field), dict):
            yield f"/app-health/{name}/{ending}", container[field]
    hooks = mapping(container.get("lifecycle"))
    for field, ending in _HOOKS:
        if isinstance(hooks.get(field), dict):
            yield f"/app-lifecycle/{name}/{ending}", hooks[field]


def _rewrite(path: str, probe: Document, port: int, ports: Document, probers: Document) -> None:
    kind = next((kind for kind in _KINDS if isinstance(probe.get(kind), dict)), None)
    if kind is None:
        return
    action = probe[kind]
    if kind == "httpGet" and action.get("path") == path:
        action["port"] = port
        for other in _KINDS[1:]:
            # Comes back when what the user has written into a container of the template is applied again.
            probe.pop(other, None)
        return
    number = _number(action.get("port"), ports)
    if number is not None:
        prober: Document = {kind: {**action, "port": number}}
        if probe.get("timeoutSeconds"):
            prober["timeoutSeconds"] = probe["timeoutSeconds"]
        probers[path] = prober
    del probe[kind]
    asked = {**action, "path": path, "port": port} if kind == "httpGet" else {"path": path, "port": port}
    if asked.get("scheme") == "HTTPS":
        asked["scheme"] = "HTTP"
    probe["httpGet"] = asked


def _number(port: object, ports: Document) -> int | None:
    """The port's number; None for a name that the container does not give to a port."""
    if isinstance(port, str):
        found = int(port) if port.isascii() and port.isdigit() else ports.get(port)
        return found if isinstance(found, int) else None
    return port if isinstance(port, int) else None


def _tell_agent(proxy: Document, probers: Document) -> None:
    """Set the variable; probes that an earlier injection has moved stay in it."""
    environment = proxy.setdefault("env", [])
    known = next((entry for entry in objects(environment) if entry.get("name") == PROBERS), None)
    if known is not None:
        with contextlib.suppress(ValueError, RecursionError):
            probers = {**probers, **mapping(json.loads(str(known.get("value"))))}
        known["value"] = _text(probers)
    else:
        environment.append({"name": PROBERS, "value": _text(probers)})


def _text(probers: Document) -> str:
    return json.dumps(dict(sorted(probers.items())), separators=(",", ":"), ensure_ascii=False)
