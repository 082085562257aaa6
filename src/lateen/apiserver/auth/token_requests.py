# SPDX-License-Identifier: Apache-2.0
"""POST serviceaccounts/NAME/token: a token for a ServiceAccount."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.auth.service_accounts import ISSUER, ServiceAccountTokens
from lateen.apiserver.operations.call import Call, Reply, json_reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body
from lateen.apiserver.operations.read import find
from lateen.apiserver.schema import times
from lateen.apiserver.schema.builtin import kind_schema
from lateen.apiserver.schema.decode import DecodeError, decode
from lateen.apiserver.status import bad_request, conflict, invalid, invalid_value, not_found
from lateen.apiserver.store.revision import Key

_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600


def issue(cluster: Cluster, tokens: ServiceAccountTokens, call: Call) -> Reply:
    """201 with the TokenRequest and the token in its status. Raises ApiError."""
    schema = kind_schema("authentication.k8s.io/v1", "TokenRequest")
    try:
        request, _ = decode(schema, read_body(call.body, call.content_type, schema))
    except DecodeError as error:
        raise bad_request(f'TokenRequest in version "v1" cannot be handled as a TokenRequest: {error}') from None
    account = find(cluster, call).document()["metadata"]
    spec = request.get("spec") or {}
    seconds = spec.get("expirationSeconds") or _USUAL
    if not _SHORTEST <= seconds <= _LONGEST:
        detail = (
            "may not specify a duration less than 10 minutes"
            if seconds < _SHORTEST
            else "may not specify a duration larger than 2^32 seconds"
        )
        cause = invalid_value("spec.expirationSeconds", seconds, detail)
        raise invalid("authentication.k8s.io", "TokenRequest", "", [cause])
    audiences = [str(a) for a in spec.get("audiences") or ()] or [ISSUER]
    bound = _bound(cluster, call, spec.get("boundObjectRef"))
    token, expires = tokens.issue(
        call.namespace, call.name, account["uid"], audiences, seconds, cluster.new_uid(), bound
    )
    spec = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": spec.get("boundObjectRef")}
    metadata = {"name": call.name, "namespace": call.namespace, "creationTimestamp": times.time(cluster.now())}
    status = {"token": token, "expirationTimestamp": times.time(expires)}
    kind: dict[str, Any] = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"}
    return json_reply(201, {**kind, "metadata": metadata, "spec": spec, "status": status})


def _bound(cluster: Cluster, call: Call, reference: dict[str, Any] | None) -> dict[str, Any]:
    """The claim of the object a token is bound to. Raises ApiError."""
    if not reference:
        return {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    resource = {"Pod": "pods", "Secret": "secrets"}.get(kind)
    if resource is None:
        raise bad_request(f'cannot bind token for serviceaccount "{call.name}" to object with kind "{kind}"')
    stored = cluster.store.get(Key(resource, call.namespace, name))
    if stored is None:
        raise not_found(resource, "", name)
    uid = stored.document()["metadata"]["uid"]
    if reference.get("uid") not in (None, "", uid):
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise conflict(resource, "", name, why)
    return {resource[:-1]: {"name": name, "uid": uid}}
