# SPDX-License-Identifier: Apache-2.0
"""Listeners of sidecars."""
