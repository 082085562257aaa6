# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a PeerAuthentication."""

from lateen.model.security.peer_authentication import PeerAuthentication
from lateen.parse.validation import selector
from lateen.parse.validation.findings import Findings


def check(findings: Findings, found: PeerAuthentication) -> None:
    """A PeerAuthentication."""
    spec = found.spec
    if spec.port_level_mtls and (spec.selector is None or not spec.selector.match_labels):
        message = "mesh/namespace peer authentication cannot have port level mTLS"
        findings.error("spec.portLevelMtls", message, "add a selector")
    for port in spec.port_level_mtls:
        if not 0 < port <= 65535:
            findings.error("spec.portLevelMtls", "port must be in range 1..65535", "name ports of the workload")
    selector.check_workloads(findings, spec.selector)
