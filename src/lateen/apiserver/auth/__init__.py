# SPDX-License-Identifier: Apache-2.0
"""Who asks, and how they prove it: certificates, tokens, service accounts, access reviews."""
