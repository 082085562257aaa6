# SPDX-License-Identifier: Apache-2.0
"""What images stand for: names, with patterns for registry, tag and digest, that map to commands of this machine.

The seam where real images come in later: whoever runs pods asks `Images.find` and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Protocol

import msgspec


class Image(msgspec.Struct, frozen=True):
    """What runs when a container names no command of its own: `entrypoint` is replaced by the container's `command`,
    `arguments` by its `args`."""

    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    folder: str = "/"
    user: int = 0


class Images(Protocol):
    """Where images come from."""

    def find(self, reference: str) -> Image | None:
        """The image of that name, or None."""


class Catalogue:
    """Images by pattern; of several that fit the first counts.

    A pattern is a name as manifests write it, with * for any text. Without a registry or folder it fits every one,
    without a tag every tag.
    """

    def __init__(self, images: Iterable[tuple[str, Image]]) -> None:
        self._images = list(images)

    def find(self, reference: str) -> Image | None:
        """The first image whose pattern fits."""
        name, tag = split(reference)
        for pattern, image in self._images:
            wanted, wanted_tag = split(pattern)
            fits = fnmatchcase(name, wanted) or fnmatchcase(name, f"*/{wanted}")
            if fits and (not wanted_tag or fnmatchcase(tag or "latest", wanted_tag)):
                return image
        return None


def split(reference: str) -> tuple[str, str]:
    """Name and tag, without digest and without what every tool adds by itself."""
    text = reference.partition("@")[0]
    name, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        name, tag = text, ""
    return re.sub(r"^(index\.)?docker\.io/(library/)?", "", name), tag
