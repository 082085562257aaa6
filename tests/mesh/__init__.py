# SPDX-License-Identifier: Apache-2.0
"""A small mesh for tests: pods as network namespaces on a bridge, with real sidecars and real applications."""
