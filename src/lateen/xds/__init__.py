# SPDX-License-Identifier: Apache-2.0
"""xDS: what every connected proxy holds is brought to what it should hold.

    request ──► session.receive ─┐
    snapshot ─► session.publish ─┴─► session.next_response ──► bytes on the stream

`session.py` and everything it uses is the delta protocol without I/O; `server.py` and `stream.py` put it on gRPC. It
knows the discovery messages only: resources are bytes (`lateen.envoy.blob.Blob`).
"""
