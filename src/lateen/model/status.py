# SPDX-License-Identifier: Apache-2.0
"""What controllers say of an object: conditions (istio.meta.v1alpha1), and the addresses of a ServiceEntry."""

from typing import ClassVar

from lateen.model.message import Message


class Condition(Message, frozen=True, kw_only=True):
    """One statement about an object."""

    OPEN: ClassVar[bool] = True

    type: str = ""
    """What is stated: `Healthy`, `Reconciled` …"""
    status: str = ""
    """True, False or Unknown."""
    reason: str = ""
    message: str = ""


class IstioStatus(Message, frozen=True, kw_only=True):
    """The status of an object of Istio's."""

    OPEN: ClassVar[bool] = True

    conditions: tuple[Condition, ...] = ()


class ServiceEntryAddress(Message, frozen=True, kw_only=True):
    """An address that was allocated for one host of a ServiceEntry."""

    OPEN: ClassVar[bool] = True

    value: str = ""
    """IPv4 or IPv6 address."""
    host: str = ""
    """The host it is for."""


class ServiceEntryStatus(IstioStatus, frozen=True, kw_only=True):
    """The status of a ServiceEntry."""

    addresses: tuple[ServiceEntryAddress, ...] = ()
    """Allocated addresses."""
