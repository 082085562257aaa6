# SPDX-License-Identifier: Apache-2.0
"""Pure builders of Envoy messages: a file per resource or filter, and nothing that knows of Istio's objects."""
