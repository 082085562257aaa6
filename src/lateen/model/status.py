# SPDX-License-Identifier: Apache-2.0
"""What controllers say of an object: conditions (istio.meta.v1alpha1), and the addresses of a ServiceEntry."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.schema import IntOrString, Text


class Condition(Message, frozen=True, kw_only=True):
    """One statement about an object."""

    OPEN: ClassVar[bool] = True

    type: str = ""
    """What is stated: `Healthy`, `Reconciled` …"""
    status: str = ""
    """True, False or Unknown."""
    last_probe_time: Annotated[str, Text(format="date-time")] = ""
    """When it was last looked at."""
    last_transition_time: Annotated[str, Text(format="date-time")] = ""
    """When it last changed."""
    reason: str = ""
    """Why it last changed, in one word."""
    message: str = ""
    """Why it last changed, for people."""
    observed_generation: IntOrString | None = None
    """The generation of the object it is about."""


class MessageLevel(enum.Enum):
    """How bad a finding is."""

    UNKNOWN = "UNKNOWN"
    """Reserved."""
    ERROR = "ERROR"
    """The configuration does not do what it says."""
    WARNING = "WARNING"
    """It probably does not do what is meant."""
    INFO = "INFO"
    """Worth knowing."""


class MessageType(Message, frozen=True, kw_only=True):
    """A kind of finding."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    """Its name, for people."""
    code: str = ""
    """Its code, IST and four digits."""


class ValidationMessage(Message, frozen=True, kw_only=True):
    """A finding of the analyzers about the object."""

    OPEN: ClassVar[bool] = True

    type: MessageType | None = None
    """The kind of finding."""
    level: MessageLevel = MessageLevel.UNKNOWN
    """How bad it is."""
    documentation_url: str = ""
    """Where it is explained."""


class IstioStatus(Message, frozen=True, kw_only=True):
    """The status of an object of Istio's."""

    OPEN: ClassVar[bool] = True

    conditions: tuple[Condition, ...] = ()
    """Statements of controllers."""
    validation_messages: tuple[ValidationMessage, ...] = ()
    """Findings of the analyzers."""
    observed_generation: IntOrString | None = None
    """The generation of the object it is about."""


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
