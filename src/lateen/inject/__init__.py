# SPDX-License-Identifier: Apache-2.0
"""Sidecar injection, for the webhook, the embedded API and `lateen inject`."""
