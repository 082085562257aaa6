# SPDX-License-Identifier: Apache-2.0
"""The kinds this server knows, as data: one module per API group, put together by `catalogue`."""
