# SPDX-License-Identifier: Apache-2.0
"""Istio's echo applications, re-created: the world in which the rows of `routing_cases.json` call one another.

template    the rows' configuration, written in Go's templates
expressions what the rows' references to Istio's test framework mean here
apps        the applications: pods with real sidecars, one without, one outside, a virtual machine, a gateway
client      requests as the rows describe them
checks      what a row expects of the answer
rows        the rows themselves, one call after the other
"""
