# SPDX-License-Identifier: Apache-2.0
"""The kinds of extensions.istio.io, one file each."""
