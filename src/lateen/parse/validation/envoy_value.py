# SPDX-License-Identifier: Apache-2.0
"""Checks of the Envoy configuration inside of an EnvoyFilter, against Envoy's own messages."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pool, json_format, message_factory

from lateen.model.networking.envoy_filter import ApplyTo, EnvoyConfigObjectPatch
from lateen.parse.text import duration as durations
from lateen.parse.validation.findings import Findings

_MESSAGES: Final = {
    ApplyTo.CLUSTER: "envoy.config.cluster.v3.Cluster",
    ApplyTo.LISTENER: "envoy.config.listener.v3.Listener",
    ApplyTo.ROUTE_CONFIGURATION: "envoy.config.route.v3.RouteConfiguration",
    ApplyTo.FILTER_CHAIN: "envoy.config.listener.v3.FilterChain",
    ApplyTo.HTTP_FILTER: "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
    ApplyTo.NETWORK_FILTER: "envoy.config.listener.v3.Filter",
    ApplyTo.VIRTUAL_HOST: "envoy.config.route.v3.VirtualHost",
    ApplyTo.HTTP_ROUTE: "envoy.config.route.v3.Route",
    ApplyTo.EXTENSION_CONFIG: "envoy.config.core.v3.TypedExtensionConfig",
    ApplyTo.BOOTSTRAP: "envoy.config.bootstrap.v3.Bootstrap",
    ApplyTo.LISTENER_FILTER: "envoy.config.listener.v3.ListenerFilter",
}
_HINT: Final = "compare it with Envoy's documentation of the v3 API"


def check(findings: Findings, field: str, patch: EnvoyConfigObjectPatch) -> None:
    """The value of a patch: it must be a message of Envoy; of fields that Envoy does not have is only warned."""
    name = _MESSAGES.get(patch.apply_to)
    if patch.patch is None or patch.patch.value is None or name is None:
        return
    unknown = next((url for url in _type_urls(patch.patch.value) if message_class(_type_name(url)) is None), None)
    if unknown is not None:
        older = " (hint: try using the v3 XDS API)" if ".v2." in unknown else ""
        message = f"referenced type unknown{older}: could not resolve Any message type: {unknown}"
        findings.error(field, message, "name a type of Envoy's v3 API in @type")
        return
    cls = message_class(name)
    if cls is None:
        return
    value = _with_durations(patch.patch.value, cls.DESCRIPTOR)
    parsed, error = _parse(cls, value, lenient=True)
    if error is not None:
        findings.error(field, error, _HINT)
        return
    _, unknown_field = _parse(cls, value, lenient=False)
    if unknown_field is not None:
        findings.warn(field, unknown_field, _HINT)
    missing = sorted(set(_without_typed_config(parsed)))
    if missing:
        message = f"using deprecated types by name without typed_config; {', '.join(missing)}"
        findings.warn(field, message, "add typed_config with its @type", "deprecated")


@cache
def message_class(name: str) -> Any:
    """The class of a message by its full name, its module imported on first use; None where there is none."""
    if ".v2." in name or ".v2alpha" in name:  # still described, no longer in Envoy
        return None
    pool = descriptor_pool.Default()
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    except KeyError:
        package = name.rpartition(".")[0]
    if package.partition(".")[0] not in ("envoy", "udpa", "xds"):
        return None
    try:
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__, f"{package}."):
            importlib.import_module(module.name)
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    except (ImportError, KeyError):
        return None


def _type_name(type_url: str) -> str:
    return type_url.rpartition("/")[2]


def _type_urls(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        url = value.get("@type")
        if isinstance(url, str):
            yield url
        for part in value.values():
            yield from _type_urls(part)
    elif isinstance(value, list):
        for part in value:
            yield from _type_urls(part)


def _with_durations(value: Any, descriptor: Any) -> Any:
    """The value with durations in protobuf's notation; Istio takes Go's as well (500ms)."""
    if descriptor is None:
        return value
    if descriptor.full_name == "google.protobuf.Duration":
        found = durations.parse(value) if isinstance(value, str) else None
        return value if found is None else durations.render(found)
    if isinstance(value, list):
        return [_with_durations(part, descriptor) for part in value]
    if not isinstance(value, Mapping):
        return value
    url = value.get("@type")
    cls = message_class(_type_name(url)) if isinstance(url, str) else None
    inner = cls.DESCRIPTOR if cls is not None else descriptor
    names = {spelling: part for part in inner.fields for spelling in (part.name, part.json_name)}
    result = {}
    for key, part in value.items():
        field = names.get(key)
        below = field.message_type if field is not None else None
        # The entries of a map are values of its second field.
        if below is not None and below.GetOptions().map_entry and isinstance(part, Mapping):
            entry = below.fields_by_name["value"].message_type
            result[key] = {name: _with_durations(content, entry) for name, content in part.items()}
        else:
            result[key] = _with_durations(part, below)
    return result


def _parse(cls: Any, value: Any, lenient: bool) -> tuple[Any, str | None]:
    try:
        return json_format.ParseDict(value, cls(), ignore_unknown_fields=lenient), None
    except (json_format.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return None, str(error) or type(error).__name__


def _without_typed_config(message: Any) -> Iterator[str]:
    """Names of extensions that are given by name alone."""
    descriptor = message.DESCRIPTOR
    if "typed_config" in descriptor.fields_by_name:
        given = {field.name for field, _ in message.ListFields()}
        if not given & {"typed_config", "config_discovery"}:
            yield str(getattr(message, "name", ""))
    for field, value in message.ListFields():
        if field.message_type is not None and not field.is_repeated and field.message_type.name != "Any":
            yield from _without_typed_config(value)
