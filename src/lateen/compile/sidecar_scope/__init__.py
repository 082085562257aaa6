# SPDX-License-Identifier: Apache-2.0
"""What a proxy sees: the Sidecar that applies to it, its listeners, and the services and rules that they import."""
