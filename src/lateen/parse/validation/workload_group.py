# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a WorkloadGroup."""

from lateen.model.networking.workload_group import ReadinessProbe, WorkloadGroup
from lateen.parse.validation import headers, names
from lateen.parse.validation.findings import Findings


def check(findings: Findings, found: WorkloadGroup) -> None:
    """A WorkloadGroup."""
    if found.spec.template is None:
        findings.error("spec.template", "template is required", "add template: {}")
        return
    if found.spec.metadata is not None:
        names.check_labels(findings, "spec.metadata.labels", found.spec.metadata.labels)
    if found.spec.probe is not None:
        _check_probe(findings, "spec.probe", found.spec.probe)


def _check_probe(findings: Findings, field: str, probe: ReadinessProbe) -> None:
    for name, value in (
        ("periodSeconds", probe.period_seconds),
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ):
        if value < 0:
            findings.error(f"{field}.{name}", f"{name} must be non-negative", "leave it out for the default")
    if probe.http_get is not None:
        place = f"{field}.httpGet"
        findings.expect(f"{place}.port", names.port(probe.http_get.port))
        if probe.http_get.scheme not in ("", "HTTP", "HTTPS"):
            findings.error(f"{place}.scheme", 'httpGet.scheme must be one of "HTTPS", "HTTP"')
        for index, header in enumerate(probe.http_get.http_headers):
            findings.expect(f"{place}.httpHeaders[{index}].name", headers.strict_name(header.name))
    elif probe.tcp_socket is not None:
        findings.expect(f"{field}.tcpSocket.port", names.port(probe.tcp_socket.port))
    elif probe.exec is not None:
        if not probe.exec.command:
            findings.error(f"{field}.exec.command", "exec.command is required", "add the command")
    elif probe.grpc is not None:
        findings.expect(f"{field}.grpc.port", names.port(probe.grpc.port))
    else:
        message = "unknown health check method <nil>"
        findings.error(field, message, "add httpGet, tcpSocket, exec or grpc")
