# SPDX-License-Identifier: Apache-2.0
"""The images of a cluster: the sample applications, under their names at every registry."""

from __future__ import annotations

from collections.abc import Iterator

from lateen.node.image_catalogue import Catalogue, Image
from lateen.node.process import main_module
from lateen.samples.catalogue import IMAGES, SampleImage


def catalogue() -> Catalogue:
    """The images that every cluster has."""
    return Catalogue(_everywhere())


def _everywhere() -> Iterator[tuple[str, Image]]:
    for pattern, sample in IMAGES:
        image = _image(sample)
        yield pattern, image
        yield f"*/{pattern}", image


def _image(sample: SampleImage) -> Image:
    start = main_module(sample.module) if sample.module else (sample.program,)
    return Image(entrypoint=(*start, *sample.entry), arguments=sample.arguments)
