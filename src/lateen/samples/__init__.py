# SPDX-License-Identifier: Apache-2.0
"""The sample applications."""
