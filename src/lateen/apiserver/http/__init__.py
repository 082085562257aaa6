# SPDX-License-Identifier: Apache-2.0
"""HTTP: paths to verbs, credentials, limits, negotiation, streaming. A plain ASGI application, served by uvicorn."""
