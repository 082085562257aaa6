# SPDX-License-Identifier: Apache-2.0
"""The configuration of the mesh as a whole (istio.mesh.v1alpha1)."""
