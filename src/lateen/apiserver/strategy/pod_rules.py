# SPDX-License-Identifier: Apache-2.0
"""What makes a pod specification valid."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.status import (
    Cause,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_value,
    required,
    unsupported,
)
from lateen.apiserver.strategy import names

_RESTART = ("Always", "Never", "OnFailure")
_DNS = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_PULL = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def spec_causes(spec: dict[str, Any], field: str, restart: tuple[str, ...] = _RESTART) -> list[Cause]:
    """Findings in a pod specification; `restart` are the restart policies its owner allows."""
    found: list[Cause] = []
    volumes = _volumes(spec.get("volumes") or (), f"{field}.volumes", found)
    seen: set[str] = set()
    if not spec.get("containers"):
        found.append(required(f"{field}.containers"))
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            _container(container, f"{field}.{group}[{index}]", volumes, seen, found)
    policy = spec.get("restartPolicy", "Always")
    if policy not in restart:
        found.append(unsupported(f"{field}.restartPolicy", policy, restart))
    if spec.get("dnsPolicy", "ClusterFirst") not in _DNS:
        found.append(unsupported(f"{field}.dnsPolicy", spec["dnsPolicy"], _DNS))
    found += names.label_causes(spec.get("nodeSelector"), f"{field}.nodeSelector")
    if spec.get("serviceAccountName"):
        found += [
            invalid_value(f"{field}.serviceAccountName", spec["serviceAccountName"], text)
            for text in names.subdomain(spec["serviceAccountName"])
        ]
    if spec.get("terminationGracePeriodSeconds", 30) < 0:
        found.append(
            invalid_value(
                f"{field}.terminationGracePeriodSeconds",
                spec["terminationGracePeriodSeconds"],
                "must be greater than or equal to 0",
            )
        )
    return found


def _volumes(volumes: Any, field: str, found: list[Cause]) -> set[str]:
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        name = volume.get("name", "")
        if not name:
            found.append(required(f"{field}[{index}].name"))
        elif name in seen:
            found.append(duplicate(f"{field}[{index}].name", name))
        else:
            found += [invalid_value(f"{field}[{index}].name", name, text) for text in names.label(name)]
        seen.add(name)
        if len(volume) > 2:
            extra = sorted(set(volume) - {"name"})[1]
            found.append(forbidden_field(f"{field}[{index}].{extra}", "may not specify more than 1 volume type"))
    return seen


def _container(container: dict[str, Any], field: str, volumes: set[str], seen: set[str], found: list[Cause]) -> None:
    name = container.get("name", "")
    if not name:
        found.append(required(f"{field}.name"))
    elif name in seen:
        found.append(duplicate(f"{field}.name", name))
    else:
        found += [invalid_value(f"{field}.name", name, text) for text in names.label(name)]
    seen.add(name)
    image = container.get("image", "")
    if not image:
        found.append(required(f"{field}.image"))
    elif image.strip() != image:
        found.append(invalid_value(f"{field}.image", image, "must not have leading or trailing whitespace"))
    if container.get("imagePullPolicy", "Always") not in _PULL:
        found.append(unsupported(f"{field}.imagePullPolicy", container["imagePullPolicy"], _PULL))
    _ports(container.get("ports") or (), f"{field}.ports", found)
    _environment(container.get("env") or (), f"{field}.env", found)
    mounts: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        place = f"{field}.volumeMounts[{index}]"
        if not mount.get("name"):
            found.append(required(f"{place}.name"))
        elif mount["name"] not in volumes:
            found.append(not_found_value(f"{place}.name", mount["name"]))
        path = mount.get("mountPath", "")
        if not path:
            found.append(required(f"{place}.mountPath"))
        elif path in mounts:
            found.append(invalid_value(f"{place}.mountPath", path, "must be unique"))
        mounts.add(path)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe) is not None:
            _probe(container[probe], f"{field}.{probe}", found)


def _ports(ports: Any, field: str, found: list[Cause]) -> None:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        place = f"{field}[{index}]"
        name, number = port.get("name"), port.get("containerPort", 0)
        if name:
            found += [invalid_value(f"{place}.name", name, text) for text in port_name(name)]
            if name in seen:
                found.append(duplicate(f"{place}.name", name))
            seen.add(name)
        if number == 0:
            found.append(required(f"{place}.containerPort"))
        elif not 0 < number < 65536:
            found.append(invalid_value(f"{place}.containerPort", number, "must be between 1 and 65535, inclusive"))
        if port.get("protocol", "TCP") not in _PROTOCOLS:
            found.append(unsupported(f"{place}.protocol", port["protocol"], _PROTOCOLS))


def port_name(name: str) -> list[str]:
    """Why `name` cannot name a port (an IANA service name)."""
    found: list[str] = []
    if len(name) > 15:
        found.append("must be no more than 15 characters")
    if any(not (c.isascii() and (c.islower() or c.isdigit() or c == "-")) for c in name):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any(c.isalpha() for c in name):
        found.append("must contain at least one letter (a-z)")
    if "--" in name:
        found.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found


def _environment(variables: Any, field: str, found: list[Cause]) -> None:
    for index, variable in enumerate(variables):
        if not variable.get("name"):
            found.append(required(f"{field}[{index}].name"))
        if variable.get("value") and variable.get("valueFrom"):
            detail = "may not be specified when `value` is not empty"
            found.append(invalid_value(f"{field}[{index}].valueFrom", "", detail))


def _probe(probe: dict[str, Any], field: str, found: list[Cause]) -> None:
    handlers = [name for name in ("exec", "httpGet", "tcpSocket", "grpc") if probe.get(name) is not None]
    if not handlers:
        found.append(required(field, "must specify a handler type"))
    for extra in handlers[1:]:
        found.append(forbidden_field(f"{field}.{extra}", "may not specify more than 1 handler type"))
