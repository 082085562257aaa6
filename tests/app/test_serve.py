# SPDX-License-Identifier: Apache-2.0
"""`lateen serve` and `lateen proxy` as a user runs them, with a real Envoy."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.app.commands import get, run, statuses, wait_until
from tests.app.conftest import Mesh


def answers(mesh: Mesh, host: str) -> str | None:
    reply = get(mesh.url, host)
    return reply.text if reply is not None and reply.status_code == 200 else None


def test_edits_new_files_and_deletions_take_effect(mesh: Callable[[], Mesh]) -> None:
    m = mesh()
    serve = m.serve()
    m.proxy()
    reply = get(m.url, "a.test")
    assert reply is not None
    assert (reply.status_code, reply.headers["server"]) == (404, "istio-envoy")
    m.answer("a.test", "one")
    wait_until(lambda: answers(m, "a.test") == "one", lambda: serve.said)
    m.answer("a.test", "two")
    wait_until(lambda: answers(m, "a.test") == "two", lambda: serve.said)
    assert serve.wait_for(r"changed VirtualService default/a-test: 1 object, 1 resource, 1 proxy, [\d.]+ ms")
    (m.documents / "a-test.yaml").unlink()
    wait_until(lambda: (reply := get(m.url, "a.test")) is not None and reply.status_code == 404, lambda: serve.said)
    assert serve.wait_for(r"removed VirtualService default/a-test")


def test_one_bad_document_breaks_no_other(mesh: Callable[[], Mesh]) -> None:
    m = mesh()
    m.answer("good.test", "fine")
    serve = m.serve()
    m.proxy()
    wait_until(lambda: answers(m, "good.test") == "fine")
    m.write("broken.yaml", "kind: [")
    serve.wait_for(r"broken\.yaml:2:1: error: broken YAML")
    m.write(
        "bad.yaml",
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: bad}\nspec:\n  hosts: []\n",
    )
    serve.wait_for(r"bad\.yaml:\d+:\d+: error: .*must be provided")
    m.answer("new.test", "also fine")
    wait_until(lambda: answers(m, "new.test") == "also fine", lambda: serve.said)
    assert answers(m, "good.test") == "fine"
    (m.documents / "broken.yaml").unlink()
    (m.documents / "bad.yaml").unlink()
    serve.wait_for(r"findings? mended, 0 left")


def test_of_an_object_in_two_files_the_first_path_counts(mesh: Callable[[], Mesh]) -> None:
    m = mesh()
    serve = m.serve()
    m.proxy()
    m.answer("a.test", "from b", name="b")
    wait_until(lambda: answers(m, "a.test") == "from b", lambda: serve.said)
    text = (m.documents / "b.yaml").read_text()
    m.write("a.yaml", text.replace("from b", "from a"))
    wait_until(lambda: answers(m, "a.test") == "from a", lambda: serve.said)
    serve.wait_for(r"b\.yaml:\d+:\d+: error: .*a\.yaml")
    (m.documents / "a.yaml").unlink()
    wait_until(lambda: answers(m, "a.test") == "from b", lambda: serve.said)


def test_proxies_outlive_the_control_plane_and_take_up_where_they_were(mesh: Callable[[], Mesh]) -> None:
    m = mesh()
    m.answer("a.test", "one")
    first = m.serve()
    proxy = m.proxy()
    wait_until(lambda: answers(m, "a.test") == "one")
    first.stop(signal.SIGKILL)
    assert answers(m, "a.test") == "one"
    m.answer("b.test", "written meanwhile")
    second = m.serve()
    wait_until(lambda: answers(m, "b.test") == "written meanwhile", lambda: second.said + proxy.said)
    assert answers(m, "a.test") == "one"
    wait_until(lambda: [s["state"] for s in statuses(m.xds)] == ["synced"])


def test_status_names_what_envoy_refused_and_exit_codes_say_so(mesh: Callable[[], Mesh]) -> None:
    m = mesh()
    m.serve()
    m.proxy()
    wait_until(lambda: [s["state"] for s in statuses(m.xds)] == ["synced"])
    done = run("status", "--xds-address", m.xds)
    assert done.returncode == 0
    assert done.stdout.split()[:4] == ["NAME", "TYPE", "ADDRESS", "STATE"]
    assert "ingress.istio-system" in done.stdout
    nobody = run("status", "--xds-address", "127.0.0.1:1")
    assert nobody.returncode == 3
    assert "--xds-address" in nobody.stderr


def test_a_dead_envoy_is_started_again(mesh: Callable[[], Mesh]) -> None:
    m = mesh()
    m.answer("a.test", "one")
    m.serve()
    proxy = m.proxy()
    pid = int(proxy.wait_for(r"Envoy runs as process (\d+)").group(1))
    import os

    os.kill(pid, signal.SIGKILL)
    proxy.wait_for(r"Envoy ended with -9; starting it again")
    wait_until(lambda: answers(m, "a.test") == "one", lambda: proxy.said)
