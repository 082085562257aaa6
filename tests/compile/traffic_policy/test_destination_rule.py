# SPDX-License-Identifier: Apache-2.0
"""Which DestinationRules a client meets."""

from __future__ import annotations

import pytest

from lateen.compile.traffic_policy.destination_rule import destination_rule, merged_rule, rule_for, rules_met
from lateen.state.state import State
from tests.compile.mesh_documents import Document, mesh_of, rule

HOST = "web.shop.svc.cluster.local"


def timeout(seconds: int) -> dict[str, object]:
    return {"connectionPool": {"tcp": {"connectTimeout": f"{seconds}s"}}}


def met(state: State, client: str, labels: dict[str, str] | None = None, host: str = HOST) -> str | None:
    """Name of the rule that a client meets."""
    handle = rule_for(state.db, client, tuple(sorted((labels or {}).items())), host, "shop")
    return None if handle is None else "+".join(ref.name for ref in handle.sources)


def test_client_then_service_then_root_namespace() -> None:
    rules = {
        "client": rule("client", HOST, "clients"),
        "service": rule("service", "web", "shop"),
        "root": rule("root", HOST, "istio-system"),
    }
    assert met(mesh_of(*rules.values()), "clients") == "client"
    assert met(mesh_of(rules["service"], rules["root"]), "clients") == "service"
    assert met(mesh_of(rules["root"]), "clients") == "root"
    assert met(mesh_of(rule("elsewhere", HOST, "elsewhere")), "clients") is None


def test_gateways_in_the_root_namespace_prefer_the_services_rule() -> None:
    state = mesh_of(rule("service", "web", "shop"), rule("root", HOST, "istio-system"))
    assert met(state, "istio-system") == "service"
    state = mesh_of(rule("service", "web", "shop"), rule("mine", HOST, "istio-system", exportTo=["."]))
    assert met(state, "istio-system") == "mine"
    assert met(state, "clients") == "service"


def test_the_clients_wildcard_beats_the_services_exact_rule() -> None:
    state = mesh_of(rule("wild", "*.shop.svc.cluster.local", "clients"), rule("exact", "web", "shop"))
    assert met(state, "clients") == "wild"


def test_the_longest_wildcard_counts_and_exact_beats_it() -> None:
    wide, narrow = rule("wide", "*.cluster.local", "shop"), rule("narrow", "*.shop.svc.cluster.local", "shop")
    assert met(mesh_of(wide, narrow), "clients") == "narrow"
    assert met(mesh_of(wide, narrow, rule("exact", "web", "shop")), "clients") == "exact"
    assert met(mesh_of(wide, narrow), "clients", host="*.shop.svc.cluster.local") == "narrow"
    assert met(mesh_of(wide), "clients", host="*.shop.svc.cluster.local") == "wide"


def test_a_half_qualified_host_matches_nothing() -> None:
    assert met(mesh_of(rule("half", "web.shop", "shop")), "shop") is None


@pytest.mark.parametrize(
    ("export_to", "sees"),
    [([], True), (["*"], True), (["."], False), (["clients"], True), (["others"], False), (["shop"], False)],
)
def test_export_to(export_to: list[str], sees: bool) -> None:
    state = mesh_of(rule("web", "web", "shop", exportTo=export_to))
    assert (met(state, "clients") == "web") is sees


def test_a_rule_exported_only_elsewhere_is_not_seen_at_home() -> None:
    state = mesh_of(rule("web", "web", "shop", exportTo=["clients"]))
    assert met(state, "shop") is None
    assert met(state, "clients") == "web"


def test_the_meshs_default_may_be_private() -> None:
    config = {"defaultDestinationRuleExportTo": ["."]}
    assert met(mesh_of(rule("web", "web", "shop"), config=config), "clients") is None
    assert met(mesh_of(rule("web", "web", "shop"), config=config), "shop") == "web"
    assert met(mesh_of(rule("web", "web", "shop", exportTo=["*"]), config=config), "clients") == "web"


def test_rules_for_one_host_merge_oldest_first() -> None:
    old = rule("b", "web", "shop", created="2024-01-01T00:00:00Z", subsets=[{"name": "v1", "labels": {"v": "old"}}])
    new = rule(
        "a",
        "web",
        "shop",
        created="2024-02-01T00:00:00Z",
        trafficPolicy=timeout(2),
        subsets=[{"name": "v1", "labels": {"v": "new"}}, {"name": "v2", "labels": {"v": "2"}}],
    )
    state = mesh_of(new, old)
    (handle,) = rules_met(state.db, "clients", HOST, "shop")
    assert [ref.name for ref in handle.sources] == ["b", "a"]
    assert handle.subsets == ("v1", "v2")
    merged = merged_rule(state.db, handle.sources)
    assert merged is not None
    assert merged.ref.name == "b"
    assert merged.traffic_policy is not None
    assert dict(merged.subsets[0].labels) == {"v": "old"}


def test_rules_exported_differently_stay_apart_and_the_last_wins() -> None:
    first, second = rule("a", "web", "shop", exportTo=["*"]), rule("b", "web", "shop", exportTo=["clients", "others"])
    assert met(mesh_of(first, second), "clients") == "b"
    assert met(mesh_of(first, second), "somebody") == "a"


def test_a_rule_exported_further_drowns_in_the_narrower_one() -> None:
    narrow, wide = rule("a", "web", "shop", exportTo=["clients"]), rule("b", "web", "shop", exportTo=["clients", "x"])
    assert met(mesh_of(narrow, wide), "clients") == "a+b"
    assert met(mesh_of(narrow, wide), "x") is None


def test_a_workload_selector_picks_clients_of_its_own_namespace() -> None:
    selective = rule("selective", HOST, "clients", workloadSelector={"matchLabels": {"app": "a"}})
    general = rule("general", HOST, "clients")
    state = mesh_of(selective, general)
    assert met(state, "clients", {"app": "a", "version": "v1"}) == "selective"
    assert met(state, "clients", {"app": "b"}) == "general"
    assert met(mesh_of(selective), "clients", {"app": "b"}) is None
    handle = rule_for(state.db, "clients", (("app", "a"),), HOST, "shop", inbound=True)
    assert handle is not None
    assert handle.head.ref.name == "general"


def test_a_selector_never_leaves_its_namespace() -> None:
    state = mesh_of(rule("web", "web", "shop", exportTo=["*"], workloadSelector={"matchLabels": {"app": "a"}}))
    assert met(state, "clients", {"app": "a"}) is None


def test_a_private_rule_without_selector_is_swallowed_by_one_with_a_selector() -> None:
    selective = rule("a", HOST, "clients", workloadSelector={"matchLabels": {"app": "a"}})
    private = rule("b", HOST, "clients", exportTo=["."])
    state = mesh_of(selective, private)
    assert met(state, "clients", {"app": "a"}) == "a+b"
    assert met(state, "clients", {"app": "b"}) is None


def test_two_selectors_stay_apart() -> None:
    def selecting(name: str, app: str) -> Document:
        return rule(name, HOST, "clients", workloadSelector={"matchLabels": {"app": app}})

    state = mesh_of(selecting("a", "a"), selecting("b", "b"), selecting("c", "a"))
    assert met(state, "clients", {"app": "a"}) == "a+c"
    assert met(state, "clients", {"app": "b"}) == "b"


def test_nothing_is_said_where_no_rule_is() -> None:
    state = mesh_of(rule("other", "other", "shop"))
    assert destination_rule(state.db, "clients", (), HOST, "shop") is None
