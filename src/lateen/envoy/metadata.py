# SPDX-License-Identifier: Apache-2.0
"""Istio's metadata on Envoy resources: which services, rules and workloads stand behind them.

Access logs, metrics and `explain` read it; no routing decision does, except for what is under `envoy.*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from envoy.config.core.v3.base_pb2 import Metadata

from lateen.model.ref import Ref

ISTIO = "istio"
TRANSPORT_SOCKET_MATCH = "envoy.transport_socket_match"
"""Envoy compares it with a cluster's transport socket matches."""
TLS_MODE = "tlsMode"


def config_path(ref: Ref, version: str = "v1") -> str:
    """Where an object is in the Kubernetes API, in Istio's form:
    `/apis/networking.istio.io/v1/namespaces/default/destination-rule/reviews`."""
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", ref.kind).lower()
    return f"/apis/{ref.group}/{version}/namespaces/{ref.namespace}/{kind}/{ref.name}"


def metadata(**istio: Any) -> Metadata:
    """Fields under `istio`; those that are None or empty are left out."""
    message = Metadata()
    said = {key: value for key, value in istio.items() if value not in (None, "", [])}
    if said:
        message.filter_metadata[ISTIO].update(said)
    return message


def services(entries: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    """(host, name, namespace) of services, in the form of the `services` field."""
    return [{"host": host, "name": name, "namespace": namespace} for host, name, namespace in entries]
