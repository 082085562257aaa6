# SPDX-License-Identifier: Apache-2.0
"""The kinds of Kubernetes that a mesh reads, one file each; only the fields that matter to it."""
