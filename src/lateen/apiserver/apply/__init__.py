# SPDX-License-Identifier: Apache-2.0
"""Server-side apply: which manager owns which field, conflicts, merging."""
