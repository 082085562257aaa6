# SPDX-License-Identifier: Apache-2.0
"""The kinds of networking.istio.io, one file each."""
