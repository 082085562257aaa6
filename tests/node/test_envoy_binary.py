# SPDX-License-Identifier: Apache-2.0
"""The Envoy of the wheel is found and runs with the test fixture."""

from __future__ import annotations

from tests.envoy_process import StartEnvoy


async def test_the_envoy_of_the_distribution_starts_and_reports_its_listener(start_envoy: StartEnvoy) -> None:
    listener = {
        "name": "answer",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "direct",
                        "typed_config": {
                            "@type": "type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config",
                            "response": {"inline_string": "hello"},
                        },
                    }
                ]
            }
        ],
    }
    envoy = await start_envoy({"static_resources": {"listeners": [listener]}})
    await envoy.wait_ready()
    host, port = await envoy.listener_address("answer")
    assert host == "127.0.0.1"
    assert port > 0
    assert await envoy.stat("listener_manager.total_listeners_active") == 1
