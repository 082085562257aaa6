# SPDX-License-Identifier: Apache-2.0
"""Names of secrets, and references to them."""

from __future__ import annotations

import pytest

from lateen.envoy.sds import credential, credential_root, file_certificate, file_root, sds_secret


@pytest.mark.parametrize(
    ("name", "certificate", "root"),
    [
        ("cert", "kubernetes://cert", "kubernetes://cert-cacert"),
        ("kubernetes://ns/cert", "kubernetes://ns/cert", "kubernetes://ns/cert-cacert"),
        ("configmap://ns/ca", "configmap://ns/ca", "configmap://ns/ca-cacert"),
    ],
)
def test_names_of_credentials(name: str, certificate: str, root: str) -> None:
    assert credential(name) == certificate
    assert credential_root(name) == root


def test_names_of_files() -> None:
    assert file_certificate("/c.pem", "/k.pem") == "file-cert:/c.pem~/k.pem"
    assert file_root("/ca.pem") == "file-root:/ca.pem"


def test_a_reference_waits_for_its_secret() -> None:
    reference = sds_secret("default")
    assert reference.sds_config.HasField("initial_fetch_timeout")
    assert reference.sds_config.initial_fetch_timeout.ToNanoseconds() == 0
    (server,) = reference.sds_config.api_config_source.grpc_services
    assert server.envoy_grpc.cluster_name == "sds-grpc"
