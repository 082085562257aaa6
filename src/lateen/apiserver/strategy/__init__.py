# SPDX-License-Identifier: Apache-2.0
"""What is particular to each built-in kind: defaults, what a client may set, what is valid, what may change."""
