# SPDX-License-Identifier: Apache-2.0
"""Pods as network namespaces, and the processes in them."""
