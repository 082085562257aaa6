# SPDX-License-Identifier: Apache-2.0
"""Logs, exec and port-forward: Kubernetes' stream protocols on one side, whoever runs the pods on the other."""
