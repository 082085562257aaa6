# SPDX-License-Identifier: Apache-2.0
"""A port by its number, where destinations and port-level settings name one."""

from lateen.model.message import Message
from lateen.model.schema import UInt32


class PortSelector(Message, frozen=True, kw_only=True):
    """A port of a destination host."""

    number: UInt32 = 0
    """Port number as the service declares it."""
