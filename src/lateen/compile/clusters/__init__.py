# SPDX-License-Identifier: Apache-2.0
"""Clusters: of the services that a proxy calls, of the ports that its workload serves, and for all other traffic."""
