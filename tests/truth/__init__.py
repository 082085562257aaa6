# SPDX-License-Identifier: Apache-2.0
"""Random configurations and random requests: what `explain` predicts is what real Envoys did.

world.py           the pods, Services and applications, which stay the same
configuration.py   random Istio documents for them (virtual_service.py, gateway.py, ... each a kind)
question.py        random connections: from which pod, to which address, carrying what
prediction.py      what `explain` says will happen, proxy after proxy up to the application
observation.py     what happened
"""
