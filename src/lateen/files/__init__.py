# SPDX-License-Identifier: Apache-2.0
"""A folder of documents as a source of changes: read at once, and again whenever a file is complete."""
