# SPDX-License-Identifier: Apache-2.0
"""The embedded Kubernetes API server: one process, SQLite underneath, unmodified kubectl on top.

The way of a request: `http` (routing, credentials, negotiation) -> `schema` (check, prune, default) -> `patch` or
`apply`
-> `admission` -> `store` (memory and journal) -> `watch`. `server.ApiServer` puts them together; only `server`,
`streams` and `store.journal` touch sockets, threads and files.
"""
