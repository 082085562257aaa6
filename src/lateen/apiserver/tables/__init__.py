# SPDX-License-Identifier: Apache-2.0
"""The columns that `kubectl get` prints, and the cells of each object."""
