# SPDX-License-Identifier: Apache-2.0
"""Strategic merge patches: by hand, and against `kubectl patch --local`, which is the only true oracle."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lateen.apiserver.patch.strategic import StrategicError, merge
from lateen.apiserver.schema.builtin import kind_schema

DEPLOYMENT = kind_schema("apps/v1", "Deployment")
CASES = int(os.environ.get("LATEEN_PATCH_CASES", "25"))
Document = dict[str, Any]


def containers(*items: Document) -> Document:
    return {"spec": {"template": {"spec": {"containers": list(items)}}}}


def patched(original: Document, patch: Document) -> Any:
    return merge(DEPLOYMENT, copy.deepcopy(original), copy.deepcopy(patch))


def test_containers_merge_by_name() -> None:
    original = containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    assert patched(original, containers({"name": "b", "image": "2"}, {"name": "c", "image": "1"})) == containers(
        {"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c", "image": "1"}
    )


def test_directives() -> None:
    original = containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    assert patched(original, containers({"name": "a", "$patch": "delete"})) == containers({"name": "b", "image": "1"})
    assert patched(original, containers({"$patch": "replace"}, {"name": "z"})) == containers({"name": "z"})


def test_retain_keys_drops_the_other_strategy() -> None:
    original = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patched(original, patch) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_primitive_lists() -> None:
    original = {"metadata": {"finalizers": ["a/1", "b/2"]}}
    assert patched(original, {"metadata": {"finalizers": ["c/3", "a/1"]}}) == {
        "metadata": {"finalizers": ["c/3", "a/1", "b/2"]}
    }
    assert patched(original, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/1"]}}) == {
        "metadata": {"finalizers": ["b/2"]}
    }


def test_an_item_without_its_key_is_refused() -> None:
    with pytest.raises(StrategicError, match="merge key: name"):
        patched(containers({"name": "a"}), containers({"image": "x"}))


def random_container(chance: random.Random) -> Document:
    found: Document = {"name": chance.choice("abcd"), "image": f"img:{chance.randrange(3)}"}
    if chance.random() < 0.6:
        found["ports"] = [
            {"containerPort": p, "protocol": "TCP"} for p in chance.sample([80, 81, 82], chance.randrange(1, 3))
        ]
    if chance.random() < 0.6:
        found["env"] = [
            {"name": n, "value": str(chance.randrange(3))} for n in chance.sample("XYZ", chance.randrange(1, 3))
        ]
    if chance.random() < 0.4:
        found["args"] = [chance.choice("pqr") for _ in range(2)]
    if chance.random() < 0.4:
        found["volumeMounts"] = [{"name": "v", "mountPath": f"/{m}"} for m in chance.sample("mn", 1)]
    return found


def random_containers(chance: random.Random) -> list[Document]:
    found = {c["name"]: c for c in (random_container(chance) for _ in range(chance.randrange(1, 4)))}
    return list(found.values())


def random_patch(chance: random.Random) -> Document:
    pod: Document = {}
    if chance.random() < 0.9:
        items = random_containers(chance)
        for item in items:
            roll = chance.random()
            if roll < 0.2:
                item.clear()
                item.update({"name": chance.choice("abcd"), "$patch": "delete"})
            elif roll < 0.4 and "env" in item:
                item["env"][0] = {"name": item["env"][0]["name"], "$patch": "delete"}
            elif roll < 0.5:
                item["args"] = None
            elif roll < 0.6 and "env" in item:
                item["$setElementOrder/env"] = [{"name": n} for n in chance.sample("XYZ", 3)]
        names = {item["name"] for item in items}
        pod["containers"] = list({item["name"]: item for item in items}.values())
        if chance.random() < 0.5:
            pod["$setElementOrder/containers"] = [
                {"name": n} for n in chance.sample(sorted(names | {"a", "b"}), len(names | {"a", "b"}))
            ]
    if chance.random() < 0.3:
        pod["nodeSelector"] = chance.choice([{"x": "1"}, {"x": None}, {"$patch": "replace", "y": "2"}, None])
    if chance.random() < 0.3:
        pod["tolerations"] = [{"key": "k", "operator": "Exists"}]
    patch: Document = {"spec": {"template": {"spec": pod}}}
    if chance.random() < 0.4:
        patch["metadata"] = {"labels": chance.choice([{"a": "2"}, {"a": None}, {"$patch": "replace", "n": "1"}])}
    if chance.random() < 0.3:
        patch["metadata"] = {"finalizers": ["x/1", "y/2"], "$setElementOrder/finalizers": ["y/2", "x/1", "z/3"]}
    if chance.random() < 0.3:
        patch["spec"]["strategy"] = {"$retainKeys": ["type"], "type": "Recreate"}
    return patch


@pytest.mark.parametrize("seed", range(CASES))
def test_like_kubectl(kubectl: str, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    original: Document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "labels": {"a": "1", "b": "1"}, "finalizers": ["z/3", "x/1"]},
        "spec": {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {"spec": {"containers": random_containers(chance), "nodeSelector": {"x": "0", "w": "0"}}},
        },
    }
    patch = random_patch(chance)
    file = tmp_path / "original.json"
    file.write_text(json.dumps(original))
    command = [kubectl, "patch", "--local", "-f", str(file), "--type=strategic", "-p", json.dumps(patch), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        ours = patched(original, patch)
    except StrategicError as error:
        assert done.returncode != 0, error
        return
    assert done.returncode == 0, done.stderr
    assert without_empty(ours) == without_empty(json.loads(done.stdout)), json.dumps(patch)


def without_empty(value: Any) -> Any:
    """Go leaves out what is empty, and what is no field, when it writes a typed object."""
    if isinstance(value, dict):
        found = {key: without_empty(item) for key, item in value.items() if not key.startswith("$")}
        return {key: item for key, item in found.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value
