# SPDX-License-Identifier: Apache-2.0
"""The images of a cluster: the sample applications, under the public names of their images."""

from __future__ import annotations

from lateen.node.image_catalogue import Catalogue, Image
from lateen.node.process import main_module
from lateen.samples.catalogue import IMAGES, SampleImage


def catalogue() -> Catalogue:
    """The images that every cluster has."""
    return Catalogue((name, _image(sample)) for name, sample in IMAGES)


def _image(sample: SampleImage) -> Image:
    program = (sample.program,) if sample.program else main_module(sample.module)
    return Image(entrypoint=(*program, *sample.entry), arguments=sample.arguments)
