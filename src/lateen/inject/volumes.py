# SPDX-License-Identifier: Apache-2.0
"""The proxy's volumes, and where they are mounted."""

from __future__ import annotations

import json

from lateen.inject import annotation
from lateen.inject.document import Document, mapping
from lateen.inject.target import Target


def proxy_volume_mounts(target: Target, *, gateway: bool = False) -> list[Document]:
    """Where the proxy finds its volumes, those that the user adds included."""
    mounts: list[Document] = [
        _mount("workload-socket", "/var/run/secrets/workload-spiffe-uds"),
        _mount("credential-socket", "/var/run/secrets/credential-uds"),
        _mount("workload-certs", "/var/run/secrets/workload-spiffe-credentials"),
        _mount("istiod-ca-cert", "/var/run/secrets/istio"),
    ]
    if not gateway:
        mounts.append(_mount("istio-ca-crl", "/var/run/secrets/istio/crl"))
    mounts.append(_mount("istio-data", "/var/lib/istio/data"))
    if not gateway and annotation.BOOTSTRAP_OVERRIDE in target.annotations:
        mounts.append(_mount("custom-bootstrap-volume", "/etc/istio/custom-bootstrap"))
    mounts += [_mount("istio-envoy", "/etc/istio/proxy"), _mount("istio-token", "/var/run/secrets/tokens")]
    if target.settings.mount_mtls_certs:
        mounts.append({**_mount("istio-certs", "/etc/certs/"), "readOnly": True})
    mounts.append(_mount("istio-podinfo", "/etc/istio/pod"))
    if not gateway:
        mounts += _by_name(target.annotations.get(annotation.USER_VOLUME_MOUNT, "{}"))
    return mounts


def proxy_volumes(target: Target, *, gateway: bool = False) -> list[Document]:
    """The volumes themselves."""
    volumes: list[Document] = []
    if not gateway and annotation.BOOTSTRAP_OVERRIDE in target.annotations:
        volumes.append(_config_map("custom-bootstrap-volume", target.annotations[annotation.BOOTSTRAP_OVERRIDE]))
    volumes += [{"name": name, "emptyDir": {}} for name in ("workload-socket", "credential-socket", "workload-certs")]
    volumes += [
        {"name": "istio-envoy", "emptyDir": {"medium": "Memory"}},
        {"name": "istio-data", "emptyDir": {}},
        {"name": "istio-podinfo", "downwardAPI": {"items": [_pod_info("labels"), _pod_info("annotations")]}},
        {"name": "istio-token", "projected": {"sources": [{"serviceAccountToken": _token()}]}},
        _config_map("istiod-ca-cert", "istio-ca-root-cert"),
    ]
    if not gateway:
        volumes.append({"name": "istio-ca-crl", "configMap": {"name": "istio-ca-crl", "optional": True}})
    if target.settings.mount_mtls_certs:
        account = mapping(target.pod.get("spec")).get("serviceAccountName") or "default"
        volumes.append({"name": "istio-certs", "secret": {"optional": True, "secretName": f"istio.{account}"}})
    if not gateway:
        volumes += _by_name(target.annotations.get(annotation.USER_VOLUME, "{}"))
    return volumes


def _mount(name: str, path: str) -> Document:
    return {"name": name, "mountPath": path}


def _config_map(volume: str, name: str) -> Document:
    return {"name": volume, "configMap": {"name": name}}


def _pod_info(what: str) -> Document:
    return {"path": what, "fieldRef": {"fieldPath": f"metadata.{what}"}}


def _token() -> Document:
    return {"path": "istio-token", "expirationSeconds": 43200, "audience": "istio-ca"}


def _by_name(text: str) -> list[Document]:
    """The user's volumes, which an annotation has as a JSON object by name."""
    return [{"name": name, **item} for name, item in sorted(json.loads(text).items())]
