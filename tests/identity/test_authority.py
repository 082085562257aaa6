# SPDX-License-Identifier: Apache-2.0
"""The certificate authority: what it signs verifies, survives a restart, is replaced in time."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from lateen.identity.authority import INTERMEDIATE_LIFE, ROOT_LIFE, Authority, new_authority
from lateen.identity.authority_store import AuthorityStoreError, load_or_create
from lateen.identity.rotation import Validity, due, replace_at
from lateen.identity.spiffe import InvalidSpiffeIdError, SpiffeId, parse_spiffe_id, spiffe_id
from lateen.identity.workload_certificate import WorkloadCertificate

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REVIEWS = SpiffeId("cluster.local", "default", "bookinfo-reviews")


def verify(authority: Authority, issued: WorkloadCertificate, at: datetime) -> list[x509.Certificate]:
    """The path from the workload's certificate to a trusted root, by cryptography's own verifier."""
    leaf, *others = x509.load_pem_x509_certificates(issued.chain)
    trusted = Store(x509.load_pem_x509_certificates(authority.trust_bundle()))
    verifier = PolicyBuilder().store(trusted).time(at.replace(tzinfo=None)).build_client_verifier()
    return verifier.verify(leaf, others).chain


def test_workload_certificate_verifies_through_the_intermediate_and_names_the_workload() -> None:
    authority = new_authority("cluster.local", NOW)
    issued = authority.issue(REVIEWS, NOW)
    leaf, intermediate, root = verify(authority, issued, NOW)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"
    ]
    assert names.critical, "the subject is empty"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert intermediate == authority.intermediate.certificate
    assert root == authority.root.certificate
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert load_pem_private_key(issued.key, None).public_key() == leaf.public_key()


def test_another_authority_is_not_trusted() -> None:
    issued = new_authority("cluster.local", NOW).issue(REVIEWS, NOW)
    with pytest.raises(Exception, match="candidates exhausted"):
        verify(new_authority("cluster.local", NOW), issued, NOW)


def test_workload_certificate_ends_with_its_intermediate() -> None:
    authority = new_authority("cluster.local", NOW)
    issued = authority.issue(REVIEWS, NOW + INTERMEDIATE_LIFE - timedelta(hours=1))
    assert issued.validity.not_after == authority.intermediate.validity.not_after


def test_authority_survives_a_restart_and_its_keys_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    first = load_or_create(folder, "cluster.local", NOW)
    again = load_or_create(folder, "cluster.local", NOW + timedelta(days=1))
    assert again.trust_bundle() == first.trust_bundle()
    verify(first, again.issue(REVIEWS, NOW), NOW)
    for name in ("root.pem", "ca.pem"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert b"PRIVATE" not in (folder / "root-cert.pem").read_bytes()
    assert (folder / "root-cert.pem").read_bytes() == first.trust_bundle()


def test_intermediate_is_replaced_before_it_expires_under_the_same_root(tmp_path: Path) -> None:
    first = load_or_create(tmp_path, "cluster.local", NOW)
    later = NOW + INTERMEDIATE_LIFE * 0.6
    second = load_or_create(tmp_path, "cluster.local", later)
    assert second.root.certificate == first.root.certificate
    assert second.intermediate.certificate != first.intermediate.certificate
    verify(first, second.issue(REVIEWS, later), later)


def test_old_root_is_trusted_until_it_expires(tmp_path: Path) -> None:
    first = load_or_create(tmp_path, "cluster.local", NOW)
    old = first._replace(intermediate=first.renewed(NOW + ROOT_LIFE * 0.4).intermediate)
    later = NOW + ROOT_LIFE * 0.4
    issued_before = old.issue(REVIEWS, later)
    renewed = load_or_create(tmp_path, "cluster.local", NOW + ROOT_LIFE * 0.6)
    assert renewed.root.certificate != first.root.certificate
    verify(renewed, issued_before, later + timedelta(hours=1))
    long_after = renewed.renewed(NOW + ROOT_LIFE + timedelta(days=1))
    assert first.root.certificate not in x509.load_pem_x509_certificates(long_after.trust_bundle())


def test_crash_between_the_two_writes_of_a_new_root_is_mended(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    load_or_create(one, "cluster.local", NOW)
    load_or_create(two, "cluster.local", NOW)
    (one / "root.pem").write_bytes((two / "root.pem").read_bytes())
    mended = load_or_create(one, "cluster.local", NOW)
    verify(mended, mended.issue(REVIEWS, NOW), NOW)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "ca.pem").unlink(), "has no ca.pem"),
        (lambda folder: (folder / "ca.pem").write_bytes(b"garbage"), "ca.pem"),
        (lambda folder: (folder / "root.pem").write_bytes((folder / "ca.pem").read_bytes()[:300]), "root.pem"),
    ],
)
def test_damaged_folder_says_what_is_wrong(tmp_path: Path, damage: object, message: str) -> None:
    load_or_create(tmp_path, "cluster.local", NOW)
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises(AuthorityStoreError, match=message):
        load_or_create(tmp_path, "cluster.local", NOW)


def test_folder_of_another_trust_domain_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path, "cluster.local", NOW)
    with pytest.raises(AuthorityStoreError, match=r"'cluster\.local', not of 'other\.test'"):
        load_or_create(tmp_path, "other.test", NOW)


def test_rotation_rule() -> None:
    day = Validity(NOW, NOW + timedelta(hours=24))
    assert replace_at(day) == NOW + timedelta(hours=12)
    assert replace_at(day, spread=1.0) == NOW + timedelta(hours=12) - timedelta(hours=24) * 0.01
    assert not due(day, NOW + timedelta(hours=11))
    assert due(day, NOW + timedelta(hours=12))
    assert due(day, NOW - timedelta(seconds=1)), "a clock that was set back"


def test_spiffe_ids() -> None:
    assert str(REVIEWS) == "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"
    assert parse_spiffe_id(str(REVIEWS)) == REVIEWS
    for text in ("", "spiffe://cluster.local", "https://cluster.local/ns/a/sa/b", "spiffe://c/ns/a/sa/b/c"):
        with pytest.raises(InvalidSpiffeIdError):
            parse_spiffe_id(text)
    for parts in (("cluster.local", "a/sa/admin", "x"), ("cluster.local", "", "x"), ("C", "a", "x")):
        with pytest.raises(InvalidSpiffeIdError):
            spiffe_id(*parts)
