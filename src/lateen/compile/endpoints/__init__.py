# SPDX-License-Identifier: Apache-2.0
"""The endpoints of clusters as one client sees them: which, how healthy, how near, how much load."""
