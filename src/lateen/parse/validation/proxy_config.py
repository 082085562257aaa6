# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a ProxyConfig."""

from lateen.model.networking.proxy_config import ProxyConfig
from lateen.parse.validation import selector
from lateen.parse.validation.findings import Findings


def check(findings: Findings, found: ProxyConfig) -> None:
    """A ProxyConfig."""
    selector.check_workloads(findings, found.spec.selector)
    if found.spec.concurrency is not None and found.spec.concurrency < 0:
        message = "concurrency must be greater than or equal to 0"
        findings.error("spec.concurrency", message, "write 0 for one thread per core")
