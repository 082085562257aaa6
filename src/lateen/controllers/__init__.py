# SPDX-License-Identifier: Apache-2.0
"""The controllers of a small Kubernetes: ordinary, level-triggered watch clients."""
