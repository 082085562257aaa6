# SPDX-License-Identifier: Apache-2.0
"""The three kinds of patch that are not server-side apply: JSON patch, JSON merge patch, strategic merge patch."""
