# SPDX-License-Identifier: Apache-2.0
"""Who workloads are, and the keys and certificates that prove it: a development certificate authority, SPIFFE
identities, rotation, and the secrets that proxies ask for by SDS name."""
