# SPDX-License-Identifier: Apache-2.0
"""The proxy's image."""

from __future__ import annotations

from typing import Final

from lateen.inject import annotation
from lateen.inject.target import Target

_TYPES: Final = ("distroless", "debug")
"""Flavours that Istio publishes, as endings of the tag."""


def proxy_image(target: Target) -> str:
    """The image that the annotation `sidecar.istio.io/proxyImage` names in full, else the installation's.

    The flavour of the latter is that of `sidecar.istio.io/proxyImageType`, else of ProxyConfig.image.
    """
    own = target.annotations.get(annotation.PROXY_IMAGE, "")
    if "/" in own:
        return own
    configured = target.proxy_config.image
    return _of_type(
        target.settings.image,
        target.annotation(annotation.PROXY_IMAGE_TYPE, configured.image_type if configured is not None else ""),
    )


def _of_type(image: str, image_type: str) -> str:
    if not image_type:
        return image
    for known in _TYPES:
        image = image.removesuffix(f"-{known}")
    return image if image_type == "default" else f"{image}-{image_type}"
