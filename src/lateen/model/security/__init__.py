# SPDX-License-Identifier: Apache-2.0
"""The kinds of security.istio.io, one file each."""
