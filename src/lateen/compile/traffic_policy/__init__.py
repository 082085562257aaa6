# SPDX-License-Identifier: Apache-2.0
"""Which DestinationRule applies to a destination, and what it says for a port and a subset."""
