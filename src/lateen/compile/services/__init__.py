# SPDX-License-Identifier: Apache-2.0
"""The registry: Kubernetes Services and ServiceEntries as one kind of service, with their endpoints."""
