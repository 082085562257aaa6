# SPDX-License-Identifier: Apache-2.0
"""A client of any Kubernetes API: list, watch, apply, status."""
