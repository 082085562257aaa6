# SPDX-License-Identifier: Apache-2.0
"""The kinds of telemetry.istio.io, one file each."""
