# SPDX-License-Identifier: Apache-2.0
"""Probes of the application go to the agent."""

from __future__ import annotations

import json
from typing import Any

from lateen.inject import Settings, annotation
from lateen.inject.probes import PROBERS
from tests.inject.pods import container, environment, injected, pod


def with_probe(probe: dict[str, Any], annotations: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    document = pod(annotations)
    document["spec"]["containers"][0] |= {"readinessProbe": probe, **more}
    return document


def test_http() -> None:
    action = {"path": "/up", "port": "http", "scheme": "HTTPS", "httpHeaders": [{"name": "a", "value": "b"}]}
    found = injected(with_probe({"httpGet": action, "timeoutSeconds": 7, "periodSeconds": 2}))
    rewritten = {**action, "path": "/app-health/app/readyz", "port": 15020, "scheme": "HTTP"}
    assert container(found, "app")["readinessProbe"] == {"httpGet": rewritten, "timeoutSeconds": 7, "periodSeconds": 2}
    assert json.loads(environment(found)[PROBERS]) == {
        "/app-health/app/readyz": {"httpGet": {**action, "port": 8080}, "timeoutSeconds": 7}
    }


def test_tcp_and_grpc_become_http() -> None:
    for action in ({"tcpSocket": {"port": 99}}, {"grpc": {"port": 99, "service": "s"}}):
        found = injected(with_probe(action))
        asked = {"path": "/app-health/app/readyz", "port": 15020}
        assert container(found, "app")["readinessProbe"] == {"httpGet": asked}
        assert json.loads(environment(found)[PROBERS]) == {"/app-health/app/readyz": action}


def test_commands_stay() -> None:
    probe = {"exec": {"command": ["true"]}}
    found = injected(with_probe(probe))
    assert container(found, "app")["readinessProbe"] == probe
    assert PROBERS not in environment(found)


def test_hooks() -> None:
    hooks = {"postStart": {"tcpSocket": {"port": 93}}, "preStop": {"httpGet": {"port": 91}}}
    found = injected(with_probe({"exec": {}}, lifecycle=hooks))
    lifecycle = container(found, "app")["lifecycle"]
    assert lifecycle["postStart"] == {"httpGet": {"path": "/app-lifecycle/app/poststartz", "port": 15020}}
    assert lifecycle["preStop"] == {"httpGet": {"path": "/app-lifecycle/app/prestopz", "port": 15020}}
    assert set(json.loads(environment(found)[PROBERS])) == {
        "/app-lifecycle/app/poststartz",
        "/app-lifecycle/app/prestopz",
    }


def test_other_ports_of_the_agent() -> None:
    probe = {"httpGet": {"port": 1}}
    found = injected(with_probe(probe, {annotation.STATUS_PORT: "123"}))
    assert container(found, "app")["readinessProbe"]["httpGet"]["port"] == 123
    untouched = injected(with_probe(probe, {annotation.STATUS_PORT: "0"}))
    assert container(untouched, "app")["readinessProbe"] == probe
    assert "readinessProbe" not in container(untouched, "istio-proxy")


def test_switched_off() -> None:
    probe = {"httpGet": {"port": 1}}
    for document, settings in (
        (with_probe(probe, {annotation.REWRITE_PROBES: "false"}), Settings()),
        (with_probe(probe), Settings(rewrite_probes=False)),
    ):
        found = injected(document, settings)
        assert container(found, "app")["readinessProbe"] == probe
        assert PROBERS not in environment(found)


def test_a_name_that_no_port_has() -> None:
    found = injected(with_probe({"httpGet": {"port": "nothing"}}))
    assert PROBERS not in environment(found)


def test_a_container_added_after_injection() -> None:
    found = injected(with_probe({"httpGet": {"port": 1}}))
    found["spec"]["containers"].append({"name": "late", "livenessProbe": {"httpGet": {"port": 2}}})
    again = injected(found)
    assert json.loads(environment(again)[PROBERS]) == {
        "/app-health/app/readyz": {"httpGet": {"port": 1}},
        "/app-health/late/livez": {"httpGet": {"port": 2}},
    }
    assert environment(again)["ISTIO_META_APP_CONTAINERS"] == "app,late"
