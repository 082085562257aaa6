# SPDX-License-Identifier: Apache-2.0
"""Steps that every write goes through before it is validated: what Kubernetes' own admission plugins do."""
