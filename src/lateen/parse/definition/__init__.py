# SPDX-License-Identifier: Apache-2.0
"""The custom resource definitions of Istio's kinds, made from the model: its types, rules and documentation."""

from lateen.parse.definition.crd import custom_resource_definition, custom_resource_definitions
from lateen.parse.definition.openapi import schema

__all__ = ["custom_resource_definition", "custom_resource_definitions", "schema"]
