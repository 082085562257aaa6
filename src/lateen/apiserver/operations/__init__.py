# SPDX-License-Identifier: Apache-2.0
"""What the verbs do: create, get, list, replace, patch, delete; each takes a `Call` and gives a `Reply`."""
