# SPDX-License-Identifier: Apache-2.0
"""Text to plain data: YAML as kubectl reads it, JSON, durations, and places in files."""
