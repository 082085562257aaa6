# SPDX-License-Identifier: Apache-2.0
"""Which DestinationRules a client meets for a host: visibility, precedence of namespaces, merging.

Rules for one host in one namespace merge if they are exported alike; across namespaces nothing merges: the client's own
namespace comes before the service's, and that before the root namespace. What is looked up here are handles: they
change when a rule comes, goes or changes its host, exportTo, selector or the names of its subsets, but not with
its policies, so that an edit of a policy reaches only the clusters that it is for.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from lateen.compile.hosts import is_wildcard, resolve_short_name
from lateen.compile.mesh import default_destination_rule_export_to, domain, root_namespace
from lateen.compile.workload import Labels, labels_of
from lateen.incremental.engine import Engine, query
from lateen.model.message import FrozenMap
from lateen.model.networking.destination_rule import Subset
from lateen.model.networking.traffic_policy import TrafficPolicy
from lateen.model.ref import Ref
from lateen.state import inputs

PRIVATE = "."
PUBLIC = "*"


class View(enum.Enum):
    """From where a namespace's rules are looked at."""

    OWN = "own"
    """By clients of the namespace itself: all rules but those exported only elsewhere."""
    EXPORTED = "exported"
    """By clients of other namespaces: all rules but private ones."""
    ROOT_PRIVATE = "root private"
    """By clients of the root namespace itself: only its private rules, for its others are meant for everybody and come
    last."""


class RuleHead(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What decides where a DestinationRule applies, without its policies."""

    ref: Ref
    host: str
    """Fully qualified."""
    export_to: frozenset[str]
    selector: Labels | None
    subsets: tuple[str, ...]

    @property
    def stays_home(self) -> bool:
        """Whether it names no other namespace than its own."""
        return len(self.export_to) == 1 and bool(self.export_to & {PRIVATE, self.ref.namespace})

    def seen_at_home(self) -> bool:
        """Whether clients of its own namespace see it."""
        return not self.export_to or bool(self.export_to & {PRIVATE, PUBLIC, self.ref.namespace})

    def seen_by(self, client: str) -> bool:
        """Whether clients of namespace `client`, another one, see it."""
        return not self.export_to or PUBLIC in self.export_to or client in self.export_to


class RuleHandle(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One or several merged DestinationRules."""

    sources: tuple[Ref, ...]
    """The rules in the order in which they merge."""
    head: RuleHead
    """Of the first."""
    subsets: tuple[str, ...]
    """Names of all subsets."""

    def merge(self, other: RuleHead) -> RuleHandle:
        """This one with `other` merged into it."""
        new = tuple(name for name in other.subsets if name not in self.subsets)
        return RuleHandle(sources=(*self.sources, other.ref), head=self.head, subsets=self.subsets + new)


class MergedRule(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What merged DestinationRules say."""

    ref: Ref
    """The first of them, which is named in the metadata of its clusters."""
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    has_selector: bool = False

    def subset(self, name: str) -> Subset | None:
        """The subset of that name."""
        return next((s for s in self.subsets if s.name == name), None)


class RuleIndex(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one namespace in one view, by host."""

    by_host: Mapping[str, tuple[RuleHandle, ...]]
    wildcards: tuple[str, ...]
    """Those of the hosts that are wildcards, the longest first."""

    def most_specific(self, hostname: str) -> tuple[RuleHandle, ...]:
        """The rules on `hostname` itself, else on the longest wildcard that covers it."""
        found = self.by_host.get(hostname)
        if found is not None:
            return found
        name = hostname[1:] if is_wildcard(hostname) else hostname
        for wildcard in self.wildcards:
            if name.endswith(wildcard[1:]):
                return self.by_host[wildcard]
        return ()


@query
def rule_head(db: Engine, ref: Ref) -> RuleHead | None:
    """Where the DestinationRule `ref` applies. One with a workloadSelector never leaves its namespace."""
    rule = inputs.destination_rule(db, ref)
    if rule is None:
        return None
    selector = rule.spec.workload_selector
    return RuleHead(
        ref=ref,
        host=resolve_short_name(rule.spec.host, ref.namespace, domain(db)),
        export_to=frozenset(rule.spec.export_to if selector is None else (PRIVATE,)),
        selector=None if selector is None else labels_of(selector.match_labels),
        subsets=tuple(dict.fromkeys(s.name for s in rule.spec.subsets)),
    )


@query
def rule_index(db: Engine, namespace: str, view: View) -> RuleIndex:
    """The DestinationRules of `namespace` as `view` has them, merged."""
    private_by_default = PRIVATE in default_destination_rule_export_to(db)
    by_host: dict[str, list[RuleHandle]] = {}
    for ref in inputs.refs_in(db, ("DestinationRule", namespace)):
        head = rule_head(db, ref)
        if head is None:
            continue
        private = head.stays_home or (not head.export_to and private_by_default)
        shown = {
            View.OWN: head.seen_at_home(),
            View.EXPORTED: not private,
            View.ROOT_PRIVATE: private,
        }[view]
        if shown:
            _merge_into(by_host.setdefault(head.host, []), head)
    wildcards = sorted((h for h in by_host if is_wildcard(h)), key=lambda h: (-len(h), h))
    return RuleIndex(by_host=FrozenMap({h: tuple(r) for h, r in by_host.items()}), wildcards=tuple(wildcards))


def _merge_into(rules: list[RuleHandle], new: RuleHead) -> None:
    """Merge `new` into those of the older `rules` it merges with, and stand it beside them unless that is all of it.

    Rules merge that are exported alike, and a rule into an older one that is exported less far; selectors must be the
    same. Where a rule without a selector merges into one with, or into one exported less far, it is lost for the others
    whom it was for: Istio's defects, which its users' configuration may lean on.
    """
    alone = True
    for at, old in enumerate(rules):
        if new.export_to == old.head.export_to:
            alone = False
        else:
            alone = True
            if not old.head.export_to or not new.export_to >= old.head.export_to:
                continue
        both_select = new.selector is not None and old.head.selector is not None
        if both_select and new.selector != old.head.selector:
            alone = True
            continue
        if both_select or (new.selector is None and old.head.selector is None):
            alone = False
        rules[at] = old.merge(new)
    if alone:
        rules.append(RuleHandle(sources=(new.ref,), head=new, subsets=new.subsets))


def rules_met(db: Engine, client: str, hostname: str, service_namespace: str) -> tuple[RuleHandle, ...]:
    """The rules that clients in namespace `client` meet for a service; several if they differ in their selectors."""
    root = root_namespace(db)
    own = rule_index(db, client, View.ROOT_PRIVATE if client == root else View.OWN).most_specific(hostname)
    if own:
        return own
    for owner in (service_namespace, root):
        found = rule_index(db, owner, View.EXPORTED).most_specific(hostname)
        seen = tuple(rule for rule in found if rule.head.seen_by(client))
        if seen:
            return seen
    return ()


def rule_for(
    db: Engine, client: str, labels: Labels, hostname: str, service_namespace: str, *, inbound: bool = False
) -> RuleHandle | None:
    """The rule for a client workload: one that selects it, else the last without a selector.

    On the inbound side selectors, which are about clients, do not count.
    """
    general = None
    for rule in rules_met(db, client, hostname, service_namespace):
        selector = rule.head.selector
        if selector is None:
            general = rule
        elif not inbound and rule.head.ref.namespace == client and set(selector) <= set(labels):
            return rule
    return general


@query
def merged_rule(db: Engine, sources: tuple[Ref, ...]) -> MergedRule | None:
    """What the rules `sources` say together: the first trafficPolicy, and all subsets, the first of each name."""
    policy: TrafficPolicy | None = None
    subsets: dict[str, Subset] = {}
    selects = False
    for ref in sources:
        rule = inputs.destination_rule(db, ref)
        if rule is None:
            continue
        selects = selects or rule.spec.workload_selector is not None
        policy = rule.spec.traffic_policy if policy is None else policy
        for subset in rule.spec.subsets:
            subsets.setdefault(subset.name, subset)
    if not sources:
        return None
    return MergedRule(ref=sources[0], traffic_policy=policy, subsets=tuple(subsets.values()), has_selector=selects)


@query
def destination_rule(
    db: Engine, client: str, labels: Labels, hostname: str, service_namespace: str
) -> MergedRule | None:
    """What the DestinationRules say to clients in namespace `client` with `labels` about a service; None if nothing.

    Only the labels that rules select by matter; pass those of the scope.
    """
    handle = rule_for(db, client, labels, hostname, service_namespace)
    return merged_rule(db, handle.sources) if handle is not None else None
