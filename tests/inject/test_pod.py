# SPDX-License-Identifier: Apache-2.0
"""What injection makes of a pod, as a whole."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.inject import Settings, annotation, inject_pod
from tests.inject.pods import CLASSIC, ENABLED, container, environment, injected, pod


def test_a_native_sidecar_starts_before_every_other_init_container() -> None:
    found = injected(pod(initContainers=[{"name": "migrate"}]))
    assert [c["name"] for c in found["spec"]["initContainers"]] == ["istio-init", "istio-proxy", "migrate"]
    assert [c["name"] for c in found["spec"]["containers"]] == ["app"]
    proxy = container(found, "istio-proxy")
    assert proxy["restartPolicy"] == "Always"
    assert proxy["lifecycle"]["preStop"]["exec"]["command"][-1] == "drain"


def test_the_older_form() -> None:
    found = injected(pod(initContainers=[{"name": "migrate"}]), CLASSIC)
    assert [c["name"] for c in found["spec"]["initContainers"]] == ["migrate", "istio-init"]
    assert [c["name"] for c in found["spec"]["containers"]] == ["app", "istio-proxy"]
    assert "restartPolicy" not in container(found, "istio-proxy")


def test_the_annotation_chooses_the_form() -> None:
    native, classic = {annotation.NATIVE_SIDECAR: "true"}, {annotation.NATIVE_SIDECAR: "false"}
    assert container(injected(pod(native), CLASSIC), "istio-proxy")["restartPolicy"] == "Always"
    assert "restartPolicy" not in container(injected(pod(classic)), "istio-proxy")


def test_the_application_waits() -> None:
    found = injected(pod({annotation.PROXY_CONFIG: "holdApplicationUntilProxyStarts: true"}), CLASSIC)
    assert [c["name"] for c in found["spec"]["containers"]] == ["istio-proxy", "app"]
    command = container(found, "istio-proxy")["lifecycle"]["postStart"]["exec"]["command"]
    assert command == ["pilot-agent", "wait"]


def test_the_annotations_proxy_config_is_on_top_of_the_meshs() -> None:
    config = "{concurrency: 2, drainDuration: 23s, proxyMetadata: {A: b}}"
    found = injected(pod({annotation.PROXY_CONFIG: config}))
    assert json.loads(environment(found)["PROXY_CONFIG"]) == {
        "concurrency": 2,
        "drainDuration": "23s",
        "proxyMetadata": {"A": "b"},
    }


def test_owners() -> None:
    document = pod(labels={"pod-template-hash": "5d9"})
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9", "controller": True}
    document["metadata"] |= {"generateName": "web-5d9-", "ownerReferences": [reference]}
    variables = environment(injected(document))
    assert variables["ISTIO_META_WORKLOAD_NAME"] == "web"
    assert variables["ISTIO_META_OWNER"] == "kubernetes://apis/apps/v1/namespaces/default/deployments/web"
    reference |= {"apiVersion": "batch/v1", "kind": "Job", "name": "nightly-28123456"}
    variables = environment(injected(document))
    assert variables["ISTIO_META_OWNER"] == "kubernetes://apis/batch/v1/namespaces/default/cronjobs/nightly"


def test_images() -> None:
    mesh = Settings(image="registry/proxyv2:1.2-distroless")
    assert container(injected(pod(), mesh), "istio-proxy")["image"] == "registry/proxyv2:1.2-distroless"
    debug = injected(pod({annotation.PROXY_IMAGE_TYPE: "debug"}), mesh)
    assert container(debug, "istio-proxy")["image"] == "registry/proxyv2:1.2-debug"
    default = injected(pod({annotation.PROXY_IMAGE_TYPE: "default"}), mesh)
    assert container(default, "istio-init")["image"] == "registry/proxyv2:1.2"
    own = injected(pod({annotation.PROXY_IMAGE: "mine/proxy:3"}), mesh)
    assert container(own, "istio-proxy")["image"] == "mine/proxy:3"


def test_resources_of_annotations_replace_the_installations() -> None:
    found = injected(pod({annotation.PROXY_CPU: "10m"}))
    assert container(found, "istio-proxy")["resources"] == {"requests": {"cpu": "10m"}}
    assert container(injected(pod()), "istio-proxy")["resources"]["limits"] == {"cpu": "2000m", "memory": "1024Mi"}


def test_volumes_of_the_user() -> None:
    volumes = {
        annotation.USER_VOLUME: '{"mine": {"emptyDir": {}}}',
        annotation.USER_VOLUME_MOUNT: '{"mine": {"mountPath": "/mine"}}',
        annotation.BOOTSTRAP_OVERRIDE: "boot",
    }
    found = injected(pod(volumes, volumes=[{"name": "data", "emptyDir": {}}]))
    names = [volume["name"] for volume in found["spec"]["volumes"]]
    assert names[0] == "custom-bootstrap-volume"
    assert names[-2:] == ["mine", "data"]
    assert {"name": "mine", "mountPath": "/mine"} in container(found, "istio-proxy")["volumeMounts"]


def test_metrics_of_the_application_go_through_the_agent() -> None:
    found = injected(pod({"prometheus.io/port": "9", "prometheus-io/path": "/m"}))
    assert json.loads(environment(found)["ISTIO_PROMETHEUS_ANNOTATIONS"]) == {"scrape": "", "path": "/m", "port": "9"}
    marks = found["metadata"]["annotations"]
    assert (marks["prometheus.io/port"], marks["prometheus.io/path"]) == ("15020", "/stats/prometheus")
    assert "prometheus-io/path" not in marks


def test_metrics_left_alone() -> None:
    for marks in ({"prometheus.io/scrape": "false"}, {annotation.MERGE_PROMETHEUS: "false"}):
        found = injected(pod(marks))
        assert "prometheus.io/port" not in found["metadata"]["annotations"]


def test_labels() -> None:
    found = injected(pod(labels={"app": "shop", "version": "v2"}), Settings(network="n1"))["metadata"]["labels"]
    assert found["service.istio.io/canonical-name"] == "shop"
    assert found["service.istio.io/canonical-revision"] == "v2"
    assert found["security.istio.io/tlsMode"] == "istio"
    assert found["topology.istio.io/network"] == "n1"


def test_the_user_of_the_proxy_is_exempt_from_redirection() -> None:
    own = {"name": "istio-proxy", "image": "auto", "securityContext": {"runAsUser": 1234, "runAsGroup": 5678}}
    document = pod()
    document["spec"]["containers"].append(own)
    for chosen in (Settings(), CLASSIC):
        found = injected(document, chosen)
        arguments = container(found, "istio-init")["args"]
        assert arguments[arguments.index("-u") + 1] == "1234"
        assert container(found, "istio-proxy")["securityContext"]["runAsUser"] == 1234
        assert injected(found, chosen) == found
    check = container(injected(document, Settings(cni=True)), "istio-validation")
    assert (check["securityContext"]["runAsUser"], check["securityContext"]["runAsGroup"]) == (1234, 5678)


def test_what_the_user_writes_into_the_proxy_wins() -> None:
    own = {"name": "istio-proxy", "image": "auto", "args": ["-c", "x"], "env": [{"name": "CA_ADDR", "value": "mine"}]}
    document = pod()
    document["spec"]["containers"].insert(0, own)
    found = injected(document)
    proxy = container(found, "istio-proxy")
    assert proxy["args"] == ["-c", "x"]
    assert proxy["image"] == Settings().image
    assert environment(found)["CA_ADDR"] == "mine"
    assert environment(found)["ISTIO_META_APP_CONTAINERS"] == "app"
    (remembered,) = json.loads(found["metadata"]["annotations"][annotation.OVERRIDES])["initContainers"]
    assert remembered["args"] == ["-c", "x"]
    assert injected(found) == found


def test_a_gateway() -> None:
    document = pod({annotation.TEMPLATES: "gateway"}, {"istio": "ingressgateway"})
    document["spec"]["containers"] = [{"name": "istio-proxy", "image": "auto", "ports": [{"containerPort": 8443}]}]
    found = injected(document)
    (proxy,) = found["spec"]["containers"]
    assert "initContainers" not in found["spec"]
    assert proxy["args"][:2] == ["proxy", "router"]
    assert proxy["image"] == Settings().image
    assert [port["containerPort"] for port in proxy["ports"]] == [15090, 8443]
    assert json.loads(environment(found)["ISTIO_META_POD_PORTS"]) == [{"containerPort": 8443}]
    assert "security.istio.io/tlsMode" not in found["metadata"]["labels"]
    assert injected(found) == found


def test_new_settings_reach_a_pod_that_is_injected_again() -> None:
    found = injected(injected(pod()), Settings(image="other:2"))
    assert container(found, "istio-proxy")["image"] == "other:2"
    classic = injected(injected(pod()), CLASSIC)
    assert "restartPolicy" not in container(classic, "istio-proxy")


NAMES = st.sampled_from(["a", "b", "http"])
PORTS = st.lists(
    st.fixed_dictionaries({"containerPort": st.integers(1, 9)}, optional={"name": NAMES}),
    max_size=2,
    unique_by=lambda port: port["containerPort"],
)
ACTIONS = st.one_of(
    st.fixed_dictionaries(
        {"httpGet": st.fixed_dictionaries({"port": st.one_of(st.integers(1, 9), NAMES)}, optional={"path": NAMES})}
    ),
    st.fixed_dictionaries({"tcpSocket": st.fixed_dictionaries({"port": st.integers(1, 9)})}),
    st.fixed_dictionaries({"grpc": st.fixed_dictionaries({"port": st.integers(1, 9)})}),
    st.just({"exec": {"command": ["true"]}}),
)
FIELDS: Any = st.fixed_dictionaries(
    {},
    optional={
        "image": st.sampled_from(["auto", "x:1"]),
        "args": st.lists(NAMES, max_size=2),
        "ports": PORTS,
        "env": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["CA_ADDR", "X", "PROXY_CONFIG"]), "value": NAMES}),
            max_size=2,
            unique_by=lambda entry: entry["name"],
        ),
        "readinessProbe": ACTIONS,
        "livenessProbe": ACTIONS,
        "lifecycle": st.fixed_dictionaries({}, optional={"preStop": ACTIONS, "postStart": ACTIONS}),
        "securityContext": st.fixed_dictionaries({}, optional={"runAsUser": st.integers(0, 9)}),
    },
)


def lists_of_containers(*names: str, least: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Containers of different names."""
    named = st.builds(lambda name, fields: {"name": name, **fields}, st.sampled_from(names), FIELDS)
    return st.lists(named, min_size=least, max_size=3, unique_by=lambda item: item["name"])


MARKS = st.fixed_dictionaries(
    {},
    optional={
        annotation.INTERCEPTION_MODE: st.sampled_from(["REDIRECT", "TPROXY", "NONE"]),
        annotation.STATUS_PORT: st.sampled_from(["0", "15020", "99"]),
        annotation.EXCLUDE_INBOUND_PORTS: st.sampled_from(["", "7", "7,15020"]),
        annotation.PROXY_CONFIG: st.sampled_from(
            ["holdApplicationUntilProxyStarts: true", "statusPort: 99", "proxyMetadata: {X: v, Z: w}"]
        ),
        annotation.NATIVE_SIDECAR: st.sampled_from(["true", "false"]),
        annotation.TEMPLATES: st.sampled_from(["sidecar", "gateway"]),
        annotation.REWRITE_PROBES: st.sampled_from(["true", "false"]),
        annotation.BEFORE_PROXY: st.sampled_from(["a", "b,a"]),
        annotation.DEFAULT_CONTAINER: NAMES,
        annotation.USER_VOLUME: st.just('{"v": {"emptyDir": {}}}'),
        "prometheus.io/port": st.sampled_from(["9", "15020"]),
        "prometheus.io/scrape": st.sampled_from(["true", "false"]),
    },
)
CHOSEN = st.builds(
    Settings,
    native_sidecars=st.booleans(),
    cni=st.booleans(),
    network=st.sampled_from(["", "n1"]),
    image_pull_secrets=st.sampled_from([(), ("s",)]),
)


@settings(max_examples=50, deadline=None)
@given(
    marks=MARKS,
    chosen=CHOSEN,
    ordinary=lists_of_containers("a", "b", "istio-proxy", least=1),
    init=st.one_of(st.none(), lists_of_containers("a", "b", "istio-proxy", "istio-init")),
    labels=st.dictionaries(st.sampled_from(["app", "version", "topology.istio.io/network"]), NAMES),
)
def test_injecting_twice_changes_nothing(
    marks: dict[str, str],
    chosen: Settings,
    ordinary: list[dict[str, Any]],
    init: list[dict[str, Any]] | None,
    labels: dict[str, str],
) -> None:
    document = pod(marks, labels)
    document["spec"]["containers"] = ordinary
    if init is not None:
        taken = {item["name"] for item in ordinary}
        document["spec"]["initContainers"] = [item for item in init if item["name"] not in taken]
    before = copy.deepcopy(document)
    once = inject_pod(document, ENABLED, chosen)
    assert document == before
    assert once is not None
    kept = copy.deepcopy(once)
    assert inject_pod(once, ENABLED, chosen) == kept
    assert once == kept
