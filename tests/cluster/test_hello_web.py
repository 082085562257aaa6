# SPDX-License-Identifier: Apache-2.0
"""Hello Web and Greeter in a cluster of `lateen up`: pods with sidecars, names, addresses, the gateway, kubectl."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.cluster.conftest import Cluster

APPLICATIONS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: greeter-service}
spec:
  selector: {matchLabels: {app: greeter-service}}
  template:
    metadata: {labels: {app: greeter-service}}
    spec:
      containers:
      - {name: greeter, image: "learnistio/greeter-service:1.0.0", ports: [{containerPort: 3000}]}
---
apiVersion: v1
kind: Service
metadata: {name: greeter-service}
spec:
  selector: {app: greeter-service}
  ports: [{name: http, port: 3000}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {url: "http://greeter-service.default.svc.cluster.local:3000"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello-web}
spec:
  selector: {matchLabels: {app: hello-web}}
  template:
    metadata: {labels: {app: hello-web}}
    spec:
      containers:
      - name: web
        image: docker.io/learnistio/hello-web:1.0.0
        env: [{name: GREETER_SERVICE_URL, valueFrom: {configMapKeyRef: {name: settings, key: url}}}]
        ports: [{containerPort: 3000}]
        readinessProbe: {tcpSocket: {port: 3000}, periodSeconds: 1}
        volumeMounts: [{name: settings, mountPath: /settings}]
      volumes: [{name: settings, configMap: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: hello-web}
spec:
  selector: {app: hello-web}
  ports: [{name: http, port: 80, targetPort: 3000}]
"""

GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gateway}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hello-web}
spec:
  hosts: ["*"]
  gateways: [gateway]
  http: [{route: [{destination: {host: hello-web, port: {number: 80}}}]}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
"""

OUTSIDER = """
apiVersion: v1
kind: Namespace
metadata: {name: outside}
"""

CLIENT = """
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: outside}
spec:
  containers: [{name: curl, image: curlimages/curl, command: [sleep, infinity]}]
"""
REFUSED = 7
"""curl: failed to connect."""


def test_a_mesh_of_two_services_behind_the_gateway(cluster: Cluster) -> None:
    assert cluster.curl(cluster.gateway)[0] == REFUSED, "before a Gateway exists nobody listens"
    cluster.kubectl("apply", "-f", "-", text=APPLICATIONS + "---" + GATEWAY)
    pods = cluster.ready(2)
    for pod in pods.values():
        assert [s["ready"] for s in pod["status"]["containerStatuses"]] == [True, True]

    def answer() -> str:
        code, text = cluster.curl(cluster.gateway)
        return text if code == 0 and "<h1>" in text else ""

    # Through the gateway, Hello Web's sidecar and Greeter's, under STRICT.
    assert "service: 1.0.0" in cluster.wait(answer)


def test_commands_and_logs(cluster: Cluster) -> None:
    done = cluster.try_kubectl("exec", "deploy/hello-web", "-c", "web", "--", "sh", "-c", "cat /settings/url; exit 5")
    assert (done.returncode, done.stdout) == (5, "http://greeter-service.default.svc.cluster.local:3000")
    assert "listening" in cluster.kubectl("logs", "deploy/hello-web", "-c", "web")


def test_an_application_sees_nothing_of_the_user_and_of_its_sidecar(cluster: Cluster) -> None:
    script = f"ls {cluster.data} {Path.home()}/.ssh /run/lateen /var/run/lateen; cat /proc/*/comm; id -u"
    seen = cluster.try_kubectl("exec", "deploy/hello-web", "-c", "web", "--", "sh", "-c", script)
    assert seen.stderr.count("cannot access") == 4
    assert "envoy" not in seen.stdout


def test_a_pod_without_sidecar_reaches_services_by_name_and_meets_strict(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", text=OUTSIDER)
    cluster.wait(lambda: not cluster.try_kubectl("get", "serviceaccount", "default", "-n", "outside").returncode)
    cluster.kubectl("apply", "-f", "-", text=CLIENT)
    cluster.ready(1, "outside")
    call = ("exec", "-n", "outside", "client", "--", "curl", "-s", "-m", "5", "http://hello-web.default/")
    refused = cluster.try_kubectl(*call)
    assert refused.returncode == 56, "the connection is reset by a sidecar that wants mutual TLS"
    cluster.kubectl("delete", "peerauthentication", "default")
    cluster.wait(lambda: "<h1>" in cluster.try_kubectl(*call).stdout)


def test_pods_outlive_the_node_agent_and_come_back_when_killed(cluster: Cluster) -> None:
    before = _restarts(cluster)
    os.kill(_part(cluster, "lateen node"), signal.SIGKILL)
    assert "<h1>" in cluster.curl(cluster.gateway)[1], "without an agent requests are served as before"
    cluster.wait(lambda: _part(cluster, "lateen node"))
    assert _restarts(cluster) == before
    cluster.try_kubectl("exec", "deploy/hello-web", "-c", "web", "--", "sh", "-c", "kill -9 -1")
    pod = next(name for name in cluster.pods() if name.startswith("hello-web"))
    os.kill(_part(cluster, "envoy"), signal.SIGKILL)
    cluster.wait(lambda: sum(_restarts(cluster).values()) > sum(before.values()))
    cluster.ready(2)
    assert pod in cluster.pods()


def test_the_control_plane_the_api_and_a_pods_init_may_die(cluster: Cluster) -> None:
    cluster.ready(1, "istio-system")
    cluster.wait(lambda: "<h1>" in cluster.curl(cluster.gateway)[1])
    for part in ("plane", "api", "keeper"):
        os.kill(_part(cluster, f"lateen {part}"), signal.SIGKILL)
        assert "<h1>" in cluster.curl(cluster.gateway)[1], f"without {part} requests are served as before"
    cluster.wait(lambda: not cluster.try_kubectl("get", "pods").returncode)
    before = sum(_restarts(cluster).values())
    application = next(pid for pid in _processes(cluster) if "lateen.samples.hello_web" in _command(pid))
    init = int(Path(f"/proc/{application}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(init, signal.SIGKILL)
    cluster.wait(lambda: not _command(application))
    cluster.wait(lambda: sum(_restarts(cluster).values()) > before)
    cluster.ready(2)
    cluster.wait(lambda: "<h1>" in cluster.curl(cluster.gateway)[1])


def test_the_same_objects_after_down_and_up_and_nothing_in_between(cluster: Cluster) -> None:
    processes = _processes(cluster)
    assert len(processes) > 10
    done = cluster.lateen("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [pid for pid in processes if Path(f"/proc/{pid}/exe").exists()]
    cluster.up()
    cluster.ready(2)


def _restarts(cluster: Cluster) -> dict[str, int]:
    every = {**cluster.pods(), **cluster.pods("istio-system")}
    return {name: sum(s["restartCount"] for s in p["status"]["containerStatuses"]) for name, p in every.items()}


def _processes(cluster: Cluster) -> list[int]:
    """All processes of the cluster, by ids of the host: those that share its process namespace or have one beneath."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {cluster.running.first}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _part(cluster: Cluster, name: str) -> int:
    """The process of that name; 0 if there is none."""
    for pid in _processes(cluster):
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                return pid
        except OSError:
            continue
    return 0
