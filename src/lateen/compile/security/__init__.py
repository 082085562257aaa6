# SPDX-License-Identifier: Apache-2.0
"""Who may speak to whom, and how: mutual TLS, authorization, authentication of requests."""
