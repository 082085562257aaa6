# SPDX-License-Identifier: Apache-2.0
"""Tests of identities, certificates and secrets."""
