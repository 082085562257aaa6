# SPDX-License-Identifier: Apache-2.0
"""A random configuration: a handful of documents of every kind that steers traffic."""

from __future__ import annotations

from random import Random

from tests.truth import (
    destination_rule,
    gateway,
    ingress,
    peer_authentication,
    service_entry,
    sidecar,
    virtual_service,
)
from tests.truth.documents import Document


def configuration(random: Random, addresses: dict[str, str]) -> list[Document]:
    """Documents; `addresses` are those of the pods."""
    gateways = gateway.gateways(random)
    return [
        *service_entry.service_entries(random, addresses),
        *destination_rule.destination_rules(random),
        *gateways,
        *virtual_service.virtual_services(random, gateways),
        *ingress.ingresses(random),
        *sidecar.sidecars(random),
        *peer_authentication.peer_authentications(random),
    ]
