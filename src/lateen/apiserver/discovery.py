# SPDX-License-Identifier: Apache-2.0
"""Discovery: which groups, versions and resources there are, in the aggregated and in the plain form."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.catalogue import Catalogue
from lateen.apiserver.registry.kind import Kind

Document = dict[str, Any]


def aggregated(catalogue: Catalogue, *, core: bool, api_version: str) -> Document:
    """`APIGroupDiscoveryList` of `/api` (core) or `/apis`; `api_version` is `apidiscovery.k8s.io/v2` or `/v2beta1`."""
    items = []
    for group, versions in catalogue.groups().items():
        if (group == "") == core:
            metadata: Document = {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None}
            shown = [
                {
                    "version": v,
                    "resources": [_aggregated(k, v) for k in _kinds(catalogue, group, v)],
                    "freshness": "Current",
                }
                for v in versions
            ]
            items.append({"metadata": metadata, "versions": shown})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items}


def _kinds(catalogue: Catalogue, group: str, version: str) -> list[Kind]:
    found = [kind for kind in catalogue.kinds() if kind.group == group and version in kind.versions]
    return sorted(found, key=lambda kind: kind.plural)


def _aggregated(kind: Kind, version: str) -> Document:
    shown: Document = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": sorted(kind.verbs),
    }
    if kind.short_names:
        shown["shortNames"] = list(kind.short_names)
    if kind.categories:
        shown["categories"] = list(kind.categories)
    if kind.subresources:
        shown["subresources"] = [
            {
                "subresource": s.name,
                "responseKind": {
                    "group": s.group if s.version else kind.group,
                    "version": s.version or version,
                    "kind": s.kind,
                },
                "verbs": sorted(s.verbs),
            }
            for s in sorted(kind.subresources, key=lambda s: s.name)
        ]
    return shown


def group_list(catalogue: Catalogue) -> Document:
    """`APIGroupList` of `/apis`."""
    groups = [_group(group, versions) for group, versions in catalogue.groups().items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalogue: Catalogue, name: str) -> Document | None:
    """`APIGroup` of `/apis/<group>`; None when there is none."""
    versions = catalogue.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions and name else None


def _group(name: str, versions: list[str]) -> Document:
    shown = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": shown, "preferredVersion": shown[0]}


def resource_list(catalogue: Catalogue, group_name: str, version: str) -> Document | None:
    """`APIResourceList` of one group and version; None when there is none."""
    if version not in catalogue.groups().get(group_name, ()):
        return None
    resources: list[Document] = []
    for kind in _kinds(catalogue, group_name, version):
        resources.append(_resource(kind))
        for sub in sorted(kind.subresources, key=lambda s: s.name):
            entry: Document = {
                "name": f"{kind.plural}/{sub.name}",
                "singularName": "",
                "namespaced": kind.namespaced,
                "kind": sub.kind,
                "verbs": sorted(sub.verbs),
            }
            if sub.version:
                entry["group"], entry["version"] = sub.group, sub.version
            resources.append(entry)
    group_version = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _resource(kind: Kind) -> Document:
    shown: Document = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": sorted(kind.verbs),
    }
    if kind.short_names:
        shown["shortNames"] = list(kind.short_names)
    if kind.categories:
        shown["categories"] = list(kind.categories)
    return shown


def core_versions(address: str) -> Document:
    """`APIVersions` of `/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }
