# SPDX-License-Identifier: Apache-2.0
"""Fixtures of behaviour tests."""

from tests.mesh_namespaces import mesh, start_mesh

__all__ = ["mesh", "start_mesh"]
