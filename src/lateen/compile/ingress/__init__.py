# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' Ingress as Gateways and VirtualServices of its own making, which then take the same way as all others."""
