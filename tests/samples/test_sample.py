# SPDX-License-Identifier: Apache-2.0
"""The manifests: Istio's own by meaning, sound, and of images that the catalogue has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lateen.app.cluster_images import catalogue
from lateen.samples.sample import SAMPLES, documents, manifest, paths

NOT_OURS = {"virtual-service-ratings-db.yaml"}
"""Routes to a version of ratings that needs a database."""
OF_THEIR_PROGRAMS = {"volumes", "volumeMounts", "env", "annotations"}
"""Fields of containers that are there for Istio's implementations (folders for a Java server, metrics to scrape)."""


def objects(text: str) -> dict[tuple[str, str], Any]:
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(text) if each}


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: without(each, names) for name, each in value.items() if name not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


def test_same_as_istios(shared: Path) -> None:
    folder = shared / "samples"
    pairs = {
        **{file: f"bookinfo/networking/{file.name}" for file in folder.glob("bookinfo/networking/*.yaml")},
        **{file: f"bookinfo/platform/kube/{file.name}" for file in folder.glob("bookinfo/*.yaml")},
        **{file: f"{file.stem}/{file.name}" for file in folder.glob("*.yaml")},
    }
    compared = {file: path for file, path in pairs.items() if file.name not in NOT_OURS}
    assert len(compared) > 15
    for file, path in compared.items():
        ignored = OF_THEIR_PROGRAMS if file.name == "bookinfo.yaml" else set()
        assert without(objects(manifest(path)), ignored) == without(objects(file.read_text()), ignored), path


def test_every_image_is_known() -> None:
    images = catalogue()
    found = [
        container["image"]
        for path in paths()
        for (kind, _), each in objects(manifest(path)).items()
        if kind == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    assert len(found) > 10
    assert [image for image in found if images.find(image) is None] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_starts_with(name: str) -> None:
    text = documents(name)
    kinds = [kind for kind, _ in objects(text)]
    assert "Deployment" in kinds
    # No document of one manifest hides one of another.
    assert len(kinds) == sum(len(objects(manifest(path))) for path in SAMPLES[name].start)


def test_no_such_manifest() -> None:
    for path in ("nothing", "bookinfo", "../sample.py", "/etc/passwd"):
        with pytest.raises(KeyError):
            manifest(path)
