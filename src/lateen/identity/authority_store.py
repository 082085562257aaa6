# SPDX-License-Identifier: Apache-2.0
"""Keeps an `Authority` in a folder, so that certificates survive a restart.

    root.pem        mode 0600: the root's key, the root, then earlier roots that are still trusted
    ca.pem          mode 0600: the intermediate's key and the intermediate
    root-cert.pem   the roots alone, for whoever wants to trust them

Key and certificate share a file, so that a crash between two writes cannot part them.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from lateen.identity.authority import Authority, Signer, new_authority, private_key_pem


class AuthorityStoreError(RuntimeError):
    """What is in the folder is no certificate authority, or only a part of one."""


def load_or_create(folder: Path, trust_domain: str, now: datetime) -> Authority:
    """The authority in `folder`, made there if the folder has none, renewed where that is due.

    Raises AuthorityStoreError, also when the authority is one of another trust domain, and OSError.
    """
    if not (folder / "root.pem").exists():
        authority = new_authority(trust_domain, now)
        save(folder, authority)
        return authority
    stored = _load(folder)
    if stored.trust_domain != trust_domain:
        raise AuthorityStoreError(f"{folder} is an authority of {stored.trust_domain!r}, not of {trust_domain!r}")
    authority = stored.renewed(now)
    if authority is not stored:
        save(folder, authority)
    return authority


def save(folder: Path, authority: Authority) -> None:
    """Write `authority`, each file in one step and keys readable by their owner alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate = authority.intermediate.certificate.public_bytes(Encoding.PEM)
    bundle = authority.trust_bundle()
    # The root goes last where nothing was, for a folder counts as an authority once it has one.
    _write(folder / "ca.pem", private_key_pem(authority.intermediate.key) + certificate, 0o600)
    _write(folder / "root-cert.pem", bundle, 0o644)
    _write(folder / "root.pem", private_key_pem(authority.root.key) + bundle, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _load(folder: Path) -> Authority:
    root, retired = _signer(folder / "root.pem")
    intermediate, _ = _signer(folder / "ca.pem")
    names = root.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if not names:
        raise AuthorityStoreError(f"{folder / 'root.pem'} does not say which trust domain it is of")
    return Authority(str(names[0].value), root, intermediate, retired)


def _signer(path: Path) -> tuple[Signer, tuple[x509.Certificate, ...]]:
    """The key and its certificate, and the other certificates of the file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise AuthorityStoreError(f"{path.parent} has no {path.name}") from None
    try:
        key = load_pem_private_key(content, None)
        own, *others = x509.load_pem_x509_certificates(content)
    except ValueError as problem:
        raise AuthorityStoreError(f"{path}: {problem}") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != own.public_key():
        raise AuthorityStoreError(f"{path}: its key is not the key of its first certificate")
    return Signer(own, key), tuple(others)
