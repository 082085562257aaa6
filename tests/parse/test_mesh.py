# SPDX-License-Identifier: Apache-2.0
"""MeshConfig: defaults, overlays, the ConfigMap, the annotation of proxies."""

from __future__ import annotations

from lateen.model.core.config_map import ConfigMap
from lateen.model.diagnostic import Severity
from lateen.model.duration import seconds
from lateen.model.mesh.proxy_defaults import ProxyDefaults
from lateen.model.message import FrozenMap
from lateen.parse import default_mesh_config, mesh_config, mesh_config_of, proxy_defaults


def test_an_empty_file_is_the_default() -> None:
    assert mesh_config("", "mesh.yaml") == (default_mesh_config(), ())
    assert mesh_config("# nothing\n", "mesh.yaml") == (default_mesh_config(), ())


def test_fields_replace_their_defaults() -> None:
    text = "accessLogFile: /dev/stdout\nconnectTimeout: 3s\nlocalityLbSetting: {}\ndefaultConfig: {concurrency: 2}\n"
    found, diagnostics = mesh_config(text, "mesh.yaml")
    assert diagnostics == ()
    assert found.access_log_file == "/dev/stdout"
    assert found.connect_timeout == seconds(3)
    assert found.locality_lb_setting is not None
    assert found.locality_lb_setting.enabled is None
    assert found.default_config.concurrency == 2
    assert found.default_config.drain_duration == seconds(45)


def test_providers_join_the_built_in_ones() -> None:
    text = (
        "extensionProviders:\n- {name: envoy, envoyFileAccessLog: {path: /var/log/a}}\n"
        "- {name: zip, zipkin: {service: z.a.svc, port: 9411}}\n"
    )
    found, diagnostics = mesh_config(text, "mesh.yaml")
    assert diagnostics == ()
    providers = {provider.name: provider for provider in found.extension_providers}
    assert list(providers) == ["prometheus", "stackdriver", "envoy", "envoy-json", "zip"]
    assert providers["envoy"].envoy_file_access_log is not None
    assert providers["envoy"].envoy_file_access_log.path == "/var/log/a"


def test_trust_domain_aliases_are_sorted() -> None:
    found, _ = mesh_config("trustDomainAliases: [b, a, b]\n", "mesh.yaml")
    assert found.trust_domain_aliases == ("a", "b")


def test_what_is_wrong_is_left_out() -> None:
    found, diagnostics = mesh_config("connectTimeout: 3\nrootNamespace: mesh\nunheardOf: 1\n", "mesh.yaml")
    assert found.root_namespace == "mesh"
    assert found.connect_timeout == seconds(10)
    assert [(d.severity, d.line, d.field) for d in diagnostics] == [
        (Severity.ERROR, 1, "connectTimeout"),
        (Severity.WARNING, 3, "unheardOf"),
    ]


def test_broken_text() -> None:
    found, diagnostics = mesh_config("a: [", "mesh.yaml")
    assert found == default_mesh_config()
    assert [d.code for d in diagnostics] == ["yaml"]
    assert mesh_config("- a\n", "mesh.yaml")[1][0].code == "no-object"
    assert mesh_config(b"\xff", "mesh.yaml")[1][0].code == "encoding"


def test_config_map() -> None:
    found, diagnostics = mesh_config_of(ConfigMap(data=FrozenMap({"mesh": "rootNamespace: a"})))
    assert (found.root_namespace, diagnostics) == ("a", ())
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata:\n  mesh: |\n    rootNamespace: b\n"
    assert mesh_config(document, "mesh.yaml")[0].root_namespace == "b"
    assert mesh_config_of(ConfigMap())[0] == default_mesh_config()


def test_annotation_of_proxies() -> None:
    base = ProxyDefaults(proxy_metadata=FrozenMap({"A": "1"}))
    found, diagnostics = proxy_defaults("proxyMetadata: {B: '2'}\ntracingServiceName: x\n", base)
    assert diagnostics == ()
    assert found.proxy_metadata == {"A": "1", "B": "2"}
    assert (found.tracing_service_name, found.service_cluster) == ("x", None)
    assert proxy_defaults("- 1", base)[0] == base
