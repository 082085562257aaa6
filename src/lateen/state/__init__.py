# SPDX-License-Identifier: Apache-2.0
"""The inputs of the engine: parsed objects in buckets, and what puts them there."""
