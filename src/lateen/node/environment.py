# SPDX-License-Identifier: Apache-2.0
"""The environment of a container: `env`, `envFrom`, references to fields, and `$(NAME)` within values. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REFERENCE = re.compile(r"\$(\$|\(([^()$]+)\))")

Find = Callable[[str, str], "dict[str, Any] | None"]
"""Kind (ConfigMap or Secret) and name to the object in the pod's namespace."""


class MissingError(Exception):
    """Something that the environment or a volume refers to is not there; the text is the event's."""


def data_of(body: Mapping[str, Any]) -> dict[str, bytes]:
    """The decoded data of a ConfigMap or Secret."""
    if body["kind"] == "Secret":
        return {key: base64.b64decode(value) for key, value in (body.get("data") or {}).items()}
    found = {key: value.encode() for key, value in (body.get("data") or {}).items()}
    return found | {key: base64.b64decode(value) for key, value in (body.get("binaryData") or {}).items()}


def environment_of(
    container: Mapping[str, Any],
    pod: Mapping[str, Any],
    image: Mapping[str, str],
    services: Mapping[str, str],
    find: Find,
) -> dict[str, str]:
    """All variables. `image` are the image's own, `services` those of the namespace's services. Raises MissingError."""
    found = {"PATH": PATH, "HOSTNAME": hostname_of(pod), "HOME": "/root", **image}
    if pod["spec"].get("enableServiceLinks", True):
        found |= services
    for source in container.get("envFrom") or ():
        kind, reference = (
            ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source["secretRef"])
        )
        body = _object(find, kind, reference)
        if body is not None:
            prefix = source.get("prefix", "")
            found |= {prefix + key: value.decode(errors="replace") for key, value in data_of(body).items()}
    for variable in container.get("env") or ():
        name = variable["name"]
        if "valueFrom" in variable:
            value = _from(variable["valueFrom"], container, pod, find)
            if value is not None:
                found[name] = value
        else:
            found[name] = expand(variable.get("value", ""), found)
    return found


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by what is known; `$$` is a dollar sign, and unknown names stay."""

    def replaced(match: re.Match[str]) -> str:
        return "$" if match[1] == "$" else known.get(match[2], match[0])

    return _REFERENCE.sub(replaced, text)


def hostname_of(pod: Mapping[str, Any]) -> str:
    """A pod's host name."""
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])


def service_variables(services: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The variables by which containers find services (`REVIEWS_SERVICE_HOST`, `REVIEWS_PORT` ...)."""
    found: dict[str, str] = {}
    for service in services:
        address = service["spec"].get("clusterIP")
        ports = service["spec"].get("ports") or ()
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        first = ports[0]
        found[f"{name}_SERVICE_HOST"] = address
        found[f"{name}_SERVICE_PORT"] = str(first["port"])
        found[f"{name}_PORT"] = f"{first.get('protocol', 'TCP').lower()}://{address}:{first['port']}"
        for port in ports:
            if port.get("name"):
                found[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
            protocol = port.get("protocol", "TCP").lower()
            prefix = f"{name}_PORT_{port['port']}_{protocol.upper()}"
            found |= {
                prefix: f"{protocol}://{address}:{port['port']}",
                f"{prefix}_PROTO": protocol,
                f"{prefix}_PORT": str(port["port"]),
                f"{prefix}_ADDR": address,
            }
    return found


def field_of(path: str, pod: Mapping[str, Any]) -> str:
    """The value of a fieldRef. Raises MissingError for one that does not exist."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed:
        return str((meta.get(keyed[1]) or {}).get(keyed[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = sorted((meta.get(path.removeprefix("metadata.")) or {}).items())
        return "".join(f'{key}="{value}"\n' for key, value in pairs)
    values = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta.get("namespace", "default"),
        "metadata.uid": meta.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": ",".join(entry["ip"] for entry in status.get("podIPs") or ()),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
    }
    if path not in values:
        raise MissingError(f"unsupported fieldPath: {path}")
    return str(values[path])


def _from(source: Mapping[str, Any], container: Mapping[str, Any], pod: Mapping[str, Any], find: Find) -> str | None:
    if "fieldRef" in source:
        return field_of(source["fieldRef"]["fieldPath"], pod)
    if "resourceFieldRef" in source:
        return resource_of(source["resourceFieldRef"], container)
    kind, key = ("ConfigMap", "configMapKeyRef") if "configMapKeyRef" in source else ("Secret", "secretKeyRef")
    reference = source[key]
    body = _object(find, kind, reference)
    value = data_of(body).get(reference["key"]) if body is not None else None
    if value is None and not reference.get("optional"):
        raise MissingError(f"couldn't find key {reference['key']} in {kind} {reference['name']}")
    return None if value is None else value.decode(errors="replace")


def resource_of(reference: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    """The value of a resourceFieldRef, `limits.cpu` and the like; 0 where there is none."""
    group, _, name = reference["resource"].partition(".")
    value = str(((container.get("resources") or {}).get(group) or {}).get(name, "0"))
    if name == "cpu" and value.endswith("m"):
        return str(-(-int(value[:-1]) // 1000))
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 10**3, "M": 10**6, "G": 10**9}
    for unit, factor in units.items():
        if value.endswith(unit):
            return str(int(float(value.removesuffix(unit)) * factor))
    return value


def _object(find: Find, kind: str, reference: Mapping[str, Any]) -> dict[str, Any] | None:
    body = find(kind, reference["name"])
    if body is None and not reference.get("optional"):
        raise MissingError(f'{kind.lower()} "{reference["name"]}" not found')
    return body
