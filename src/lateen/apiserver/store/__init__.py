# SPDX-License-Identifier: Apache-2.0
"""Where objects live: memory for reading, a SQLite journal for keeping, one revision counter for both."""
