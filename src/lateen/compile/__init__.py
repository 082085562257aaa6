# SPDX-License-Identifier: Apache-2.0
"""Istio's semantics as queries: documents in, the resources of each proxy out. Pure."""
