# SPDX-License-Identifier: Apache-2.0
"""Bookinfo: a page about a book, of four services in several versions, in the shape of Istio's example."""
