# SPDX-License-Identifier: Apache-2.0
"""The shape of objects: types of built-in kinds and of custom resources, and what can be done with them alone."""
