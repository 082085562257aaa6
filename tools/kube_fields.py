# SPDX-License-Identifier: Apache-2.0
"""Write `schema/kube_fields.json`, the table of Kubernetes' own types, from a release of `k8s.io/kubernetes`.

    python tools/kube_fields.py --kubernetes MODULE_DIR --modules GOMODCACHE/k8s.io --release v0.36.3

The facts come from three places of the release: `api/openapi-spec/v3` (types, list and patch behaviour, required
fields), each package's `generated.proto` (field numbers) and `types.go` (what Go's encoder leaves out). Texts are not
taken over. A type is an object of fields, a field is `[number, type, attributes]`; the attribute `zero` is Go's
treatment of an empty value (`keep`: always written, `null`: written as null, `pointer`: written when set, absent: left
out); a type is a scalar name, another type's name, `[]T` or `{}T`. A field that starts with `+` exists in protobuf
only: Go's JSON encoding inlines it. `atomic` lists the types that server-side apply owns as a whole.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

GROUP_VERSIONS = [
    "api__v1",
    "apis__apiextensions.k8s.io__v1",
    "apis__apps__v1",
    "apis__authentication.k8s.io__v1",
    "apis__authorization.k8s.io__v1",
    "apis__autoscaling__v1",
    "apis__autoscaling__v2",
    "apis__batch__v1",
    "apis__coordination.k8s.io__v1",
    "apis__discovery.k8s.io__v1",
    "apis__events.k8s.io__v1",
    "apis__networking.k8s.io__v1",
    "apis__policy__v1",
    "apis__rbac.authorization.k8s.io__v1",
    "apis__scheduling.k8s.io__v1",
    "apis__storage.k8s.io__v1",
]

PREFIXES = {
    "io.k8s.apimachinery.pkg.apis.": "",
    "io.k8s.apiextensions-apiserver.pkg.apis.": "",
    "io.k8s.api.": "",
    "io.k8s.apimachinery.pkg.api.": "",
    "io.k8s.apimachinery.pkg.": "",
}

SCALARS = {
    "resource.Quantity": "Quantity",
    "util.intstr.IntOrString": "IntOrString",
    "meta.v1.Time": "Time",
    "meta.v1.MicroTime": "MicroTime",
    "meta.v1.FieldsV1": "FieldsV1",
    "runtime.RawExtension": "RawExtension",
    "apiextensions.v1.JSON": "JSON",
    "apiextensions.v1.JSONSchemaPropsOrBool": "JSONSchemaPropsOrBool",
    "apiextensions.v1.JSONSchemaPropsOrArray": "JSONSchemaPropsOrArray",
    "apiextensions.v1.JSONSchemaPropsOrStringArray": "JSONSchemaPropsOrStringArray",
}

MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.M | re.S)
FIELD = re.compile(r"^  (?:optional |repeated |required )?(map<[^>]*>|[\w.]+) (\w+) = (\d+);", re.M)


def short(name: str) -> str:
    for prefix, instead in PREFIXES.items():
        if name.startswith(prefix):
            return instead + name[len(prefix) :]
    return name


def reference(ref: str) -> str:
    name = short(ref.rpartition("/")[2])
    return SCALARS.get(name, name)


def type_name(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return reference(schema["$ref"])
    if "allOf" in schema:
        return type_name(schema["allOf"][0])
    kind = schema.get("type")
    if kind == "array":
        return "[]" + type_name(schema["items"])
    if kind == "object":
        inner = schema.get("additionalProperties")
        return "{}" + type_name(inner) if inner else "JSON"
    if kind == "string":
        return {"byte": "bytes", "date-time": "Time"}.get(schema.get("format", ""), "string")
    if kind == "integer":
        return str(schema.get("format", "int64"))
    return {"boolean": "bool", "number": "double"}.get(str(kind), "JSON")


def attributes(schema: dict[str, Any], required: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in (
        ("x-kubernetes-patch-strategy", "patch"),
        ("x-kubernetes-patch-merge-key", "mergeKey"),
        ("x-kubernetes-list-type", "list"),
        ("x-kubernetes-list-map-keys", "keys"),
        ("x-kubernetes-map-type", "map"),
    ):
        if key in schema:
            found[name] = schema[key]
    if schema.get("default") not in (None, "", 0, False, {}):
        found["default"] = schema["default"]
    if required:
        found["required"] = True
    return found


STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.M | re.S)
GO_FIELD = re.compile(r"^\s+(?:\w+\s+)?(\S+)\s+`json:\"([^\"]+)\"", re.M)


def go_zeroes(modules: Path, release: str) -> dict[str, dict[str, tuple[bool, bool, bool]]]:
    """Type name -> field -> (is a pointer, is left out when empty, is left out when a zero struct)."""
    found: dict[str, dict[str, tuple[bool, bool, bool]]] = {}
    roots = {
        modules / f"api@{release}": "",
        modules / f"apimachinery@{release}" / "pkg/apis": "",
        modules / f"apiextensions-apiserver@{release}" / "pkg/apis": "",
    }
    for root in roots:
        for path in root.glob("*/*/types*.go"):
            prefix = ".".join(path.parent.relative_to(root).parts)
            for struct in STRUCT.finditer(path.read_text()):
                fields = {}
                for field in GO_FIELD.finditer(struct[2]):
                    name, *flags = field[2].split(",")
                    fields[name] = (field[1].startswith("*"), "omitempty" in flags, "omitzero" in flags)
                found[f"{prefix}.{struct[1]}"] = fields
    return found


def zero(kind: str, go: tuple[bool, bool, bool]) -> str:
    pointer, omit_empty, omit_zero = go
    structured = "." in kind or kind in ("Quantity", "IntOrString", "Time", "MicroTime")
    structured = structured and not kind.startswith(("[", "{"))
    if not omit_empty and not omit_zero:
        return "null" if pointer else "keep"
    if pointer:
        return "pointer"
    if structured and not omit_zero:
        return "keep"
    return ""


def proto_numbers(modules: Path, release: str) -> dict[str, dict[str, tuple[int, str]]]:
    """Type name -> field -> (number, protobuf type), of every generated.proto."""
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for module in ("api", "apimachinery", "apiextensions-apiserver"):
        root = modules / f"{module}@{release}"
        for path in root.rglob("generated.proto"):
            text = path.read_text()
            package = re.search(r"^package (.*);", text, re.M)
            assert package is not None, path
            prefix = short(
                "io.k8s."
                + package[1].removeprefix("k8s.io.").replace("apiextensions_apiserver", "apiextensions-apiserver")
            )
            for message in MESSAGE.finditer(text):
                fields = {f[2]: (int(f[3]), f[1]) for f in FIELD.finditer(message[2])}
                found[f"{prefix}.{message[1]}"] = fields
    return found


def proto_reference(name: str, here: str) -> str:
    name = name.removeprefix(".")
    if name.startswith("k8s.io."):
        return short("io.k8s." + name.removeprefix("k8s.io."))
    return f"{here.rpartition('.')[0]}.{name}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kubernetes", type=Path, required=True)
    arguments.add_argument("--modules", type=Path, required=True)
    arguments.add_argument("--release", required=True)
    arguments.add_argument("--out", type=Path, default=Path("src/lateen/apiserver/schema/kube_fields.json"))
    options = arguments.parse_args()

    schemas: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    for group_version in GROUP_VERSIONS:
        text = (options.kubernetes / f"api/openapi-spec/v3/{group_version}_openapi.json").read_text()
        for name, schema in json.loads(text)["components"]["schemas"].items():
            schemas[short(name)] = schema
            for gvk in schema.get("x-kubernetes-group-version-kind", ()):
                api_version = f"{gvk['group']}/{gvk['version']}".lstrip("/")
                if not gvk["kind"].endswith("List") and short(name).split(".")[0] != "meta":
                    kinds[f"{api_version} {gvk['kind']}"] = short(name)
    numbers = proto_numbers(options.modules, options.release)
    zeroes = go_zeroes(options.modules, options.release)

    wanted = [*kinds.values(), "meta.v1.DeleteOptions", "meta.v1.Status", "meta.v1.LabelSelector"]
    types: dict[str, dict[str, list[Any]]] = {}
    inlined: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in types:
            continue
        fields: dict[str, list[Any]] = {}
        schema = schemas.get(name, {})
        proto = numbers.get(name, {})
        folded = {field.lower(): number for field, (number, _) in proto.items()}
        inlines = [zeroes.get(proto_reference(kind, name), {}) for _, kind in proto.values()]
        for field, details in schema.get("properties", {}).items():
            if field in ("apiVersion", "kind") and field not in proto:
                continue
            kind = type_name(details)
            number = folded.get(re.sub(r"[$-]", "", field.lower()), 0)
            written = zeroes.get(name, {}).get(field) or next((i[field] for i in inlines if field in i), None)
            attribute = attributes(details, field in schema.get("required", ()))
            treatment = zero(kind, written) if written else ""
            if treatment:
                attribute["zero"] = treatment
            fields[field] = [number, kind, attribute]
            if not fields[field][2]:
                fields[field].pop()
            bare = kind.replace("[]", "").replace("{}", "")
            if "." in bare:
                wanted.append(bare)
        taken = {entry[0] for entry in fields.values()}
        for field, (number, kind) in proto.items():
            if number not in taken:
                target = proto_reference(kind, name)
                if target not in numbers:
                    continue
                fields["+" + field] = [number, target]
                if target not in types:
                    inlined.add(target)
                    wanted.append(target)
        types[name] = fields
    # An inlined message has no OpenAPI schema of its own: its fields are the outer type's.
    for target in inlined:
        if target in schemas:
            continue
        for outer, fields in types.items():
            if any(entry[1] == target for field, entry in fields.items() if field.startswith("+")):
                for field, (number, _) in numbers[target].items():
                    if field in schemas.get(outer, {}).get("properties", {}):
                        types[target][field] = [number, type_name(schemas[outer]["properties"][field])]
                        types[target].pop("+" + field, None)
                        types[outer][field][0] = 0
    body = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(types[name], separators=(',', ':'))}" for name in sorted(types)
    )
    index = json.dumps(dict(sorted(kinds.items())), indent=1)
    atomic = json.dumps(sorted(n for n in types if schemas.get(n, {}).get("x-kubernetes-map-type") == "atomic"))
    head = f'{{"release": "{options.release}",\n"kinds": {index},\n"atomic": {atomic},\n"types": {{\n'
    options.out.write_text(f"{head}{body}\n}}}}\n")


if __name__ == "__main__":
    main()
