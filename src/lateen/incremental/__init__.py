# SPDX-License-Identifier: Apache-2.0
"""The query engine: inputs, memoised queries and recorded reads. It knows nothing of meshes."""
