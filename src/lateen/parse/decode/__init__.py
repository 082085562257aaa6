# SPDX-License-Identifier: Apache-2.0
"""Plain data to messages of the model and back, by the rules of protobuf's JSON mapping and of the schema."""
