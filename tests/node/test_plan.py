# SPDX-License-Identifier: Apache-2.0
"""What is done next for a pod, from what is seen of it."""

from __future__ import annotations

from typing import Any

from lateen.node.container import Exit, Run
from lateen.node.plan import (
    LAST_DELAY,
    Drain,
    PreStop,
    Remove,
    Sandbox,
    Seen,
    Signal,
    Start,
    Wake,
    backoff,
    plan,
)

PROXY = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.30.0", "args": ["proxy", "sidecar"]}
APP = {"name": "app", "image": "app"}


def pod(*containers: dict[str, Any], inits: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    spec = {"containers": list(containers or (APP,)), "initContainers": list(inits), **more.pop("spec", {})}
    return {"metadata": {"name": "pod", **more}, "spec": spec}


def running(name: str, attempt: int = 0) -> Run:
    return Run(name, attempt, 7, 100.0)


def ended(name: str, code: int, at: float = 110.0, attempt: int = 0) -> Run:
    return Run(name, attempt, 7, 100.0, Exit(code, at))


def seen(*runs: Run, **more: Any) -> Seen:
    return Seen(sandbox=True, runs={run.name: run for run in runs}, **{"now": 200.0, **more})


def test_the_network_comes_first() -> None:
    assert plan(pod(), Seen()) == [Sandbox()]


def test_an_application_waits_for_its_sidecar_to_be_ready() -> None:
    both = pod(APP, PROXY)
    assert plan(both, seen()) == [Start("istio-proxy", 0)]
    assert plan(both, seen(running("istio-proxy"))) == []
    assert plan(both, seen(running("istio-proxy"), ready=frozenset({"istio-proxy"}))) == [Start("app", 0)]


def test_init_containers_run_one_after_the_other_and_to_their_end() -> None:
    two = pod(inits=({"name": "istio-init"}, {"name": "one"}, {"name": "two"}))
    assert plan(two, seen()) == [Start("one", 0)]
    assert plan(two, seen(running("one"))) == []
    assert plan(two, seen(ended("one", 0))) == [Start("two", 0)]
    assert plan(two, seen(ended("one", 3), failures={"one": 1})) == [Start("one", 1)]
    assert plan(two, seen(ended("one", 0), ended("two", 0))) == [Start("app", 0)]


def test_an_init_container_that_stays_is_kept_running() -> None:
    kept = pod(inits=({"name": "helper", "restartPolicy": "Always"},))
    assert plan(kept, seen(running("helper"))) == []
    assert plan(kept, seen(running("helper"), started=frozenset({"helper"}))) == [Start("app", 0)]


def test_restarts_back_off() -> None:
    assert [backoff(n) for n in (1, 2, 3, 4)] == [0, 1, 2, 4]
    assert backoff(60) == LAST_DELAY
    crashed = ended("app", 1, at=199.0, attempt=4)
    assert plan(pod(), seen(crashed, failures={"app": 1})) == [Start("app", 5)]
    assert plan(pod(), seen(crashed, failures={"app": 4})) == [Wake(3.0)]


def test_restart_policies() -> None:
    never, on_failure = pod(spec={"restartPolicy": "Never"}), pod(spec={"restartPolicy": "OnFailure"})
    assert plan(never, seen(ended("app", 1))) == []
    assert plan(on_failure, seen(ended("app", 0))) == []
    assert plan(on_failure, seen(ended("app", 2), failures={"app": 1})) == [Start("app", 1)]


def test_what_fails_its_liveness_probe_is_killed() -> None:
    assert plan(pod(), seen(running("app"), unhealthy=frozenset({"app"}))) == [Signal("app", 9)]


def test_the_end_applications_first_then_the_sidecar_then_force() -> None:
    ending = pod(APP, PROXY, deletionTimestamp="now", deletionGracePeriodSeconds=30)
    both = seen(running("app"), running("istio-proxy"), ending_since=200.0)
    assert plan(ending, both) == [Signal("app", 15), Drain("istio-proxy"), Wake(30.0)]
    alone = seen(ended("app", 0), running("istio-proxy"), ending_since=199.0)
    assert Signal("istio-proxy", 15) in plan(ending, alone)
    late = seen(running("app"), running("istio-proxy"), ending_since=170.0)
    assert plan(ending, late) == [Signal("app", 9), Signal("istio-proxy", 9)]
    assert plan(ending, seen(ended("app", 0), ended("istio-proxy", 0), ending_since=199.0)) == [Remove()]


def test_a_gateway_gets_time_for_requests_in_flight() -> None:
    ending = pod(PROXY, deletionTimestamp="now", deletionGracePeriodSeconds=30)
    steps = plan(ending, seen(running("istio-proxy"), ending_since=199.0))
    assert steps[:2] == [Drain("istio-proxy"), Wake(4.0)]
    assert Signal("istio-proxy", 15) in plan(ending, seen(running("istio-proxy"), ending_since=190.0))


def test_a_pre_stop_hook_comes_before_the_signal() -> None:
    hooked = {**APP, "lifecycle": {"preStop": {"exec": {"command": ["true"]}}}}
    ending = pod(hooked, deletionTimestamp="now")
    assert plan(ending, seen(running("app"), ending_since=200.0))[0] == PreStop("app")
