# SPDX-License-Identifier: Apache-2.0
"""Checks of the names by which VirtualServices refer to Gateways."""

from lateen.parse.validation import names
from lateen.parse.validation.findings import Findings, quoted


def check(findings: Findings, field: str, gateways: tuple[str, ...]) -> None:
    """Names as `namespace/name`, or a name in the same namespace, or `mesh`."""
    for index, gateway in enumerate(gateways):
        place = f"{field}[{index}]"
        namespace, slash, name = gateway.partition("/")
        if not slash:
            if "." in gateway:
                parts = gateway.split(".")
                better = f"{parts[1]}/{parts[0]}"
                message = (
                    f"using legacy gatewayName format {quoted(gateway)}; "
                    f"prefer the <namespace>/<name> format: {quoted(better)}"
                )
                findings.warn(place, message, f"write {better}", "deprecated")
            findings.expect(place, names.fqdn(gateway), "write namespace/name")
            continue
        if not namespace or not name:
            findings.error(place, "config namespace and gateway name cannot be empty", "write namespace/name")
        if not names.is_label(namespace):
            findings.error(place, f"invalid value for namespace: {quoted(namespace)}", "name one namespace")
        if not names.is_label(name):
            findings.error(place, f"invalid value for gateway name: {quoted(name)}", "name one Gateway")
