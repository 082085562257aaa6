# SPDX-License-Identifier: Apache-2.0
"""Documents from which random meshes are put together: for each object of the mesh a few versions of it."""

from __future__ import annotations

from lateen.compile.workload import Role, Workload, labels_of
from tests.compile.world import sidecar

PROXIES: tuple[Workload, ...] = (
    sidecar("client", "default", "10.1.0.1", app="client", version="v1"),
    sidecar("web-1", "default", "10.1.0.2", app="web", version="v1"),
    sidecar("other", "other", "10.1.1.1", app="other"),
    Workload(
        role=Role.ROUTER,
        name="gate-1",
        namespace="istio-system",
        ips=("10.1.2.1",),
        labels=labels_of({"istio": "ingressgateway"}),
    ),
)


def _service(name: str, namespace: str, ip: str, port: str, extra: str = "") -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}{extra}}}
spec:
  clusterIP: {ip}
  selector: {{app: {name}}}
  ports: [{port}]
"""


def _slice(name: str, namespace: str, ips: str, port: str = "{name: http, port: 8080, protocol: TCP}") -> str:
    return f"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: {namespace}, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
endpoints: [{ips}]
ports: [{port}]
"""


def _istio(kind: str, name: str, namespace: str, spec: str, created: str = "") -> str:
    group = "security" if kind == "PeerAuthentication" else "networking"
    stamp = f', creationTimestamp: "{created}"' if created else ""
    return f"""
apiVersion: {group}.istio.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}{stamp}}}
spec: {spec}
"""


POOL: list[list[str]] = [
    [
        _service("web", "default", "10.96.0.1", "{name: http, port: 80, targetPort: 8080}"),
        _service("web", "default", "None", "{name: http, port: 80}, {name: tcp, port: 90}"),
        _service("web", "default", "10.96.0.1", "{name: tcp, port: 80}", ", creationTimestamp: '2020-01-01T00:00:00Z'"),
        _service("web", "default", "10.96.0.1", "{port: 80}", ", annotations: {networking.istio.io/exportTo: '.'}"),
    ],
    [
        _service("web", "other", "10.96.0.2", "{name: http, port: 80}"),
        _service("web", "other", "10.96.0.1", "{name: grpc, port: 80}"),
    ],
    [
        _service("db", "other", "10.96.0.3", "{name: mysql, port: 3306}"),
        _service("db", "other", "10.96.0.3", "{name: tls, port: 3306}"),
    ],
    [
        """
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: default}
spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
""",
        """
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: default}
spec: {type: ExternalName, externalName: api.example.com, ports: [{name: http, port: 80}]}
""",
    ],
    [
        _slice("web", "default", "{addresses: [10.1.0.2], targetRef: {kind: Pod, name: web-1, namespace: default}}"),
        _slice(
            "web", "default", "{addresses: [10.1.0.2, 10.1.0.9]}, {addresses: [10.1.0.8], conditions: {ready: false}}"
        ),
    ],
    [
        _slice("web", "other", "{addresses: [10.1.1.7]}"),
        _slice("web", "other", "{addresses: [10.1.1.8], nodeName: node-1}"),
    ],
    [
        """
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: default, labels: {app: web, version: v1, security.istio.io/tlsMode: istio}}
spec: {nodeName: node-1, serviceAccountName: web, containers: [{name: app}]}
status: {phase: Running, podIP: 10.1.0.2, podIPs: [{ip: 10.1.0.2}], conditions: [{type: Ready, status: "True"}]}
""",
        """
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: default, labels: {app: web, version: v2}}
spec: {containers: [{name: app}]}
status: {phase: Running, podIP: 10.1.0.2, conditions: [{type: Ready, status: "False"}]}
""",
    ],
    [
        "{apiVersion: v1, kind: Node, metadata: {name: node-1, labels: {topology.kubernetes.io/region: r1}}}",
        "{apiVersion: v1, kind: Node, metadata: {name: node-1, labels: {topology.kubernetes.io/region: r2}}}",
    ],
    [
        _istio(
            "ServiceEntry",
            "api",
            "default",
            "{hosts: [api.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}",
        ),
        _istio(
            "ServiceEntry",
            "api",
            "default",
            "{hosts: [api.example.com, '*.example.org'], resolution: NONE, exportTo: ['.'],"
            " ports: [{number: 443, name: tls, protocol: TLS}]}",
        ),
        _istio(
            "ServiceEntry",
            "api",
            "default",
            "{hosts: [api.example.com], addresses: [10.97.0.1], resolution: STATIC, location: MESH_INTERNAL,"
            " ports: [{number: 80, name: tcp, protocol: TCP}], workloadSelector: {labels: {app: web}}}",
        ),
    ],
    [
        _istio(
            "ServiceEntry",
            "api-too",
            "default",
            "{hosts: [api.example.com], resolution: DNS, endpoints: [{address: one.example.com}],"
            " ports: [{number: 80, name: http, protocol: HTTP}, {number: 81, name: http-b, protocol: HTTP}]}",
            "2019-01-01T00:00:00Z",
        ),
        _istio(
            "ServiceEntry",
            "api-too",
            "default",
            "{hosts: [api.example.com], resolution: STATIC, exportTo: [other], endpoints: [{address: 10.2.0.1}],"
            " ports: [{number: 80, name: http, protocol: HTTP}]}",
        ),
    ],
    [
        _istio(
            "ServiceEntry",
            "api",
            "other",
            "{hosts: [api.example.com], resolution: STATIC, endpoints: [{address: 10.2.0.2, labels: {version: v1}}],"
            " ports: [{number: 80, name: http, protocol: HTTP}]}",
            "2018-01-01T00:00:00Z",
        ),
        _istio(
            "ServiceEntry",
            "api",
            "other",
            "{hosts: [web.default.svc.cluster.local], resolution: STATIC, endpoints: [{address: 10.2.0.2}],"
            " ports: [{number: 80, name: http, protocol: HTTP}]}",
        ),
    ],
    [
        _istio("WorkloadEntry", "vm", "default", "{address: 10.3.0.1, labels: {app: web}, serviceAccount: vm}"),
        _istio("WorkloadEntry", "vm", "default", "{address: 10.3.0.2, labels: {app: web, version: v1}, weight: 3}"),
    ],
    [
        _istio(
            "VirtualService",
            "web",
            "default",
            "{hosts: [web], http: [{route: [{destination: {host: web, subset: v1}}], timeout: 5s}]}",
        ),
        _istio(
            "VirtualService",
            "web",
            "default",
            "{hosts: [web, api.example.com], exportTo: ['.'], http: [{match: [{sourceLabels: {version: v1}}],"
            " route: [{destination: {host: web.other.svc.cluster.local}}]}]}",
            "2021-01-01T00:00:00Z",
        ),
        _istio(
            "VirtualService",
            "web",
            "default",
            "{hosts: ['*.example.org'], tls: [{match: [{sniHosts: [a.example.org]}],"
            " route: [{destination: {host: db.other.svc.cluster.local}}]}]}",
        ),
    ],
    [
        _istio(
            "VirtualService",
            "web",
            "other",
            "{hosts: [web.default.svc.cluster.local], http: [{route: [{destination: {host: web}}]}]}",
        ),
        _istio(
            "VirtualService",
            "web",
            "other",
            "{hosts: ['*.local'], http: [{delegate: {name: leaf}}]}",
            "2017-01-01T00:00:00Z",
        ),
    ],
    [
        _istio("VirtualService", "leaf", "other", "{http: [{route: [{destination: {host: db}}]}]}"),
        _istio("VirtualService", "leaf", "other", "{http: [{redirect: {uri: /there}}]}"),
    ],
    [
        _istio(
            "DestinationRule",
            "web",
            "default",
            "{host: web, subsets: [{name: v1, labels: {version: v1}}], trafficPolicy: {tls: {mode: DISABLE}}}",
        ),
        _istio(
            "DestinationRule",
            "web",
            "default",
            "{host: '*.local', trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}, loadBalancer:"
            " {localityLbSetting: {failoverPriority: [version]}}}}",
        ),
        _istio(
            "DestinationRule",
            "web",
            "default",
            "{host: web, workloadSelector: {matchLabels: {app: client}}, trafficPolicy:"
            " {loadBalancer: {consistentHash: {useSourceIp: true}}}}",
        ),
    ],
    [
        _istio("DestinationRule", "all", "istio-system", "{host: '*', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}"),
        _istio("DestinationRule", "all", "istio-system", "{host: '*.com', trafficPolicy: {tls: {mode: SIMPLE}}}"),
    ],
    [
        _istio("Sidecar", "default", "default", "{egress: [{hosts: ['./*', 'istio-system/*']}]}"),
        _istio("Sidecar", "default", "default", "{egress: [{hosts: ['*/*', '~other/*']}], outboundTrafficPolicy: {}}"),
        _istio(
            "Sidecar",
            "default",
            "default",
            "{workloadSelector: {labels: {app: client}}, egress: [{port: {number: 80, protocol: HTTP, name: http},"
            " hosts: ['other/*']}, {hosts: ['./*']}]}",
        ),
        _istio(
            "Sidecar",
            "default",
            "default",
            "{workloadSelector: {labels: {app: web}}, ingress: [{port: {number: 9080, protocol: HTTP, name: http},"
            " defaultEndpoint: '127.0.0.1:8080'}]}",
        ),
    ],
    [
        _istio("Sidecar", "mesh", "istio-system", "{egress: [{hosts: ['./*', '*/api.example.com']}]}"),
        _istio("Sidecar", "mesh", "istio-system", "{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}"),
    ],
    [
        _istio(
            "Gateway",
            "gate",
            "default",
            "{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP},"
            " hosts: ['*.example.com', other/a.test]}]}",
        ),
        _istio(
            "Gateway",
            "gate",
            "default",
            "{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP},"
            " hosts: ['*'], tls: {httpsRedirect: true}}, {port: {number: 443, name: https, protocol: HTTPS},"
            " hosts: [shop.example.com], tls: {mode: SIMPLE, credentialName: shop}}]}",
            "2016-01-01T00:00:00Z",
        ),
    ],
    [
        _istio(
            "Gateway",
            "gate",
            "other",
            "{selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: tls, protocol: TLS},"
            " hosts: [shop.example.com], tls: {mode: PASSTHROUGH}}]}",
        ),
        _istio(
            "Gateway",
            "gate",
            "other",
            "{selector: {istio: ingressgateway}, servers: [{port: {number: 15443, name: tls, protocol: TLS},"
            " hosts: ['*.local'], tls: {mode: AUTO_PASSTHROUGH}}]}",
        ),
    ],
    [
        _istio(
            "VirtualService",
            "shop",
            "default",
            "{hosts: [shop.example.com], gateways: [gate, mesh], http: [{route: [{destination: {host: web}}]}]}",
        ),
        _istio(
            "VirtualService",
            "shop",
            "default",
            "{hosts: [shop.example.com], gateways: [other/gate], tls: [{match: [{sniHosts: [shop.example.com]}],"
            " route: [{destination: {host: web}}]}]}",
        ),
    ],
    [
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: default, annotations: {kubernetes.io/ingress.class: istio}}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix,
  backend: {service: {name: web, port: {number: 80}}}}]}}]}
""",
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: default}
spec: {defaultBackend: {service: {name: web, port: {name: http}}}}
""",
    ],
    [
        _service("gate", "istio-system", "10.96.0.9", "{name: http, port: 80, targetPort: 8080}").replace(
            "app: gate", "istio: ingressgateway"
        ),
        _service("gate", "istio-system", "10.96.0.9", "{name: https, port: 443, targetPort: 8443}").replace(
            "app: gate", "istio: ingressgateway"
        ),
    ],
    [
        _istio("PeerAuthentication", "default", "default", "{mtls: {mode: STRICT}}"),
        _istio("PeerAuthentication", "default", "default", "{mtls: {mode: DISABLE}}"),
    ],
]
"""For each object several versions of it, all of one name."""

SETTINGS: tuple[str, ...] = (
    "",
    "outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    "defaultServiceExportTo: ['.']",
    "defaultVirtualServiceExportTo: ['.']",
    "enableAutoMtls: false",
    "accessLogFile: /dev/stdout",
    "rootNamespace: other",
    "trustDomain: example.test",
    "proxyHttpPort: 15007",
)
"""Settings of the mesh."""
