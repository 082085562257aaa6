# SPDX-License-Identifier: Apache-2.0
"""The vocabulary: one immutable struct per kind of the API, `Ref` and `Diagnostic`."""
