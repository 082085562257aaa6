# SPDX-License-Identifier: Apache-2.0
"""Fields that the generated messages do not know yet."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value
from google.protobuf.wrappers_pb2 import StringValue

from lateen.envoy.newer_field import set_newer_field


def test_it_travels_as_the_field_of_that_number() -> None:
    message = Value()
    set_newer_field(message, 5, StringValue(value="x" * 300))
    expected = Value()
    expected.struct_value.MergeFromString(StringValue(value="x" * 300).SerializeToString())
    assert message.SerializeToString() == expected.SerializeToString()


def test_unknown_fields_are_kept_beside_known_ones() -> None:
    message = Duration(seconds=7)
    set_newer_field(message, 4000, Duration(seconds=1))
    copy = Duration()
    copy.ParseFromString(message.SerializeToString())
    assert copy.seconds == 7
    assert len(copy.SerializeToString()) > len(Duration(seconds=7).SerializeToString())
