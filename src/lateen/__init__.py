# SPDX-License-Identifier: Apache-2.0
"""Lateen: Istio's traffic management, compiled to real Envoy and served from one laptop or a cluster."""

__version__ = "0.1.0"
