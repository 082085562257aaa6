# SPDX-License-Identifier: Apache-2.0
"""The environment of containers, their images, and which host port leads where."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lateen.node.environment import MissingError, environment_of, expand
from lateen.node.host_port import Target, listens, targets_of
from lateen.node.image_catalogue import Catalogue, Image
from lateen.node.service_address import Translation, translations

POD: dict[str, Any] = {
    "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}, "uid": "u"},
    "spec": {"nodeName": "lateen"},
    "status": {"podIP": "10.244.0.4"},
}
OBJECTS = {
    ("ConfigMap", "settings"): {"kind": "ConfigMap", "data": {"color": "blue", "size": "9"}},
    ("Secret", "login"): {"kind": "Secret", "data": {"user": base64.b64encode(b"ada").decode()}},
}


def environment(**container: Any) -> dict[str, str]:
    found = environment_of(
        {"name": "c", **container}, POD, {"LANG": "C"}, {"A_PORT": "1"}, lambda *key: OBJECTS.get(key)
    )
    return {key: value for key, value in found.items() if key not in ("PATH", "HOME")}


def test_sources_and_their_order() -> None:
    found = environment(
        envFrom=[
            {"configMapRef": {"name": "settings"}, "prefix": "S_"},
            {"secretRef": {"name": "none", "optional": True}},
        ],
        env=[
            {"name": "S_size", "value": "10"},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "USER", "valueFrom": {"secretKeyRef": {"name": "login", "key": "user"}}},
            {"name": "URL", "value": "http://$(USER)@$(IP):$(NOBODY)/$$(IP)"},
        ],
    )
    assert found == {
        "HOSTNAME": "web-1",
        "LANG": "C",
        "A_PORT": "1",
        "S_color": "blue",
        "S_size": "10",
        "ME": "web",
        "IP": "10.244.0.4",
        "USER": "ada",
        "URL": "http://ada@10.244.0.4:$(NOBODY)/$(IP)",
    }


def test_a_missing_key_is_named() -> None:
    with pytest.raises(MissingError, match="couldn't find key pin in Secret login"):
        environment(env=[{"name": "PIN", "valueFrom": {"secretKeyRef": {"name": "login", "key": "pin"}}}])


def test_expansion_leaves_other_dollars_alone() -> None:
    assert expand("$HOME $ $(A)", {"A": "1"}) == "$HOME $ 1"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("learnistio/greeter:1.0.0", "one"),
        ("docker.io/learnistio/greeter:1.0.0", "one"),
        ("registry.example:5000/learnistio/greeter:1.0.0@sha256:ab", "one"),
        ("learnistio/greeter:2.0.0", "other"),
        ("learnistio/greeter", "other"),
        ("busybox", "box"),
        ("docker.io/library/busybox:1.36", "box"),
        ("learnistio/nothing", None),
    ],
)
def test_images_by_name(reference: str, expected: str | None) -> None:
    images = Catalogue(
        [
            ("learnistio/greeter:1.*", Image(("one",))),
            ("learnistio/greeter", Image(("other",))),
            ("busybox", Image(("box",))),
        ]
    )
    found = images.find(reference)
    assert (found.entrypoint[0] if found else None) == expected


SERVICE = {
    "metadata": {"name": "gw", "namespace": "default"},
    "spec": {
        "type": "LoadBalancer",
        "clusterIP": "10.96.0.9",
        "ports": [{"name": "http2", "port": 80, "protocol": "TCP"}, {"name": "https", "port": 443, "protocol": "TCP"}],
    },
}
SLICE = {
    "metadata": {"name": "gw-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "gw"}},
    "endpoints": [
        {"addresses": ["10.244.0.4"], "conditions": {"ready": True}, "targetRef": {"uid": "a"}},
        {"addresses": ["10.244.0.5"], "conditions": {"ready": False}, "targetRef": {"uid": "b"}},
    ],
    "ports": [{"name": "http2", "port": 8080, "protocol": "TCP"}],
}


def test_ready_endpoints_are_behind_a_port() -> None:
    assert targets_of(80, [SERVICE], [SLICE]) == (Target("10.244.0.4", 8080, "a"),)
    assert targets_of(443, [SERVICE], [SLICE]) == ()
    assert translations([SERVICE], [SLICE]) == (Translation("10.96.0.9", "tcp", 80, (("10.244.0.4", 8080),)),)


def test_listening_sockets_are_read_from_the_kernels_table() -> None:
    head = "  sl  local_address rem_address   st tx_queue\n"
    listening = "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000\n"
    connected = "   1: 0100007F:1F91 0100007F:A001 01 00000000:00000000\n"
    assert listens([head + connected + listening], 8080)
    assert not listens([head + connected + listening], 8081)
