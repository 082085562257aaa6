# SPDX-License-Identifier: Apache-2.0
"""Endpoints in groups by locality, and the ranking of the groups: distribute, failover, failoverPriority. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import msgspec

from lateen.compile.endpoints.viewpoint import Viewpoint
from lateen.compile.services.endpoint import Endpoint
from lateen.compile.traffic_policy.locality import LocalityPreference
from lateen.compile.workload import Labels, Locality
from lateen.model.networking.load_balancer import LocalityDistribute, LocalityFailover

MAX_WEIGHT = 2**32 - 1


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint as a client will see it."""

    address: str
    port: int
    weight: int
    health: str = "UNKNOWN"
    tls_mode: str = ""
    """Empty for plain text."""
    labels: Labels = ()
    network: str = ""
    workload: str = ""


class LocalityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Endpoints of one locality and one priority. Priority 0 is used first."""

    locality: Locality
    members: tuple[Candidate, ...]
    weight: int
    priority: int = 0


def fitting(groups: list[LocalityGroup]) -> list[LocalityGroup]:
    """The groups with weights that Envoy can add up. Larger ones lose in precision, not in proportion."""
    members = [member.weight for group in groups for member in group.members]
    shares = [group.weight for group in groups]
    if sum(members) <= MAX_WEIGHT and sum(shares) <= MAX_WEIGHT:
        return groups
    fitted_members, fitted_shares = iter(_fitted(members)), iter(_fitted(shares))
    return [
        msgspec.structs.replace(
            group,
            weight=next(fitted_shares),
            members=tuple(msgspec.structs.replace(member, weight=next(fitted_members)) for member in group.members),
        )
        for group in groups
    ]


def _fitted(weights: list[int]) -> list[int]:
    total, room = sum(weights), MAX_WEIGHT - len(weights)
    if total <= MAX_WEIGHT:
        return weights
    return [max(1, weight * room // total) if weight else 0 for weight in weights]


def weight_of(members: Iterable[Candidate]) -> int:
    """The weight of a group: that of its members together, as far as Envoy's number goes."""
    return min(sum(member.weight for member in members), MAX_WEIGHT)


def grouped(endpoints: Iterable[tuple[Endpoint, Candidate]]) -> list[LocalityGroup]:
    """Groups in the order of their localities."""
    by_locality: dict[Locality, list[Candidate]] = {}
    for endpoint, candidate in endpoints:
        by_locality.setdefault(endpoint.locality, []).append(candidate)
    return [
        LocalityGroup(locality=locality, members=tuple(members), weight=weight_of(members))
        for locality, members in sorted(by_locality.items())
    ]


def ranked(
    groups: list[LocalityGroup], preference: LocalityPreference, viewpoint: Viewpoint, *, by_labels: bool = True
) -> list[LocalityGroup]:
    """The groups with weights and priorities by what the client prefers.

    `distribute` excludes the others. failoverPriority splits groups by the labels that endpoints share with the client;
    `by_labels` is off for endpoints that stand in the cluster itself, which Istio ranks by locality only. Failover by
    region is the default, and refines failoverPriority if both are given.
    """
    setting = preference.setting
    if setting.distribute:
        return distributed(groups, setting.distribute, viewpoint.locality)
    if not preference.failover:
        return groups
    if setting.failover_priority:
        if by_labels:
            groups = _without_gaps(
                [part for group in groups for part in _split(group, setting.failover_priority, viewpoint.labels)]
            )
        if not setting.failover:
            return groups
    return _failed_over(groups, setting.failover, viewpoint.locality)


def distributed(
    groups: list[LocalityGroup], shares: tuple[LocalityDistribute, ...], client: Locality
) -> list[LocalityGroup]:
    """Weights by the first share that is for the client's locality. Groups in places that it does not list stay, but
    without endpoints. The percentage of a place is divided among its groups by their weight."""
    share = next((s for s in shares if covers(s.from_, client)), None)
    if share is None:
        return groups
    result = list(groups)
    left = set(range(len(groups)))
    for place, percent in sorted(share.to.items(), key=_most_specific_first):
        matched = [at for at in sorted(left) if covers(place, groups[at].locality)]
        left.difference_update(matched)
        total = sum(groups[at].weight for at in matched)
        for at in matched:
            weight = groups[at].weight * percent / total if total else 0
            if weight > 0:
                result[at] = msgspec.structs.replace(groups[at], weight=ceil(weight))
    for at in left:
        result[at] = msgspec.structs.replace(groups[at], members=())
    return result


def covers(pattern: str, locality: Locality) -> bool:
    """Whether `region/zone/subzone`, of which parts may be `*` or left out at the end, stands for a locality."""
    region, zone, subzone = (*pattern.split("/", 2), "", "")[:3]
    return (
        region in ("*", locality.region) and zone in ("", "*", locality.zone) and subzone in ("", "*", locality.subzone)
    )


def _most_specific_first(entry: tuple[str, int]) -> tuple[int, str]:
    """Istio takes places in no particular order; overlapping ones only make sense from the narrowest on."""
    place, _ = entry
    named = [part for part in place.split("/") if part not in ("", "*")]
    return (-len(named), place)


def distance(client: Locality, other: Locality) -> int:
    """0 for the same subzone, 1 for the same zone, 2 for the same region, 3 for another region."""
    if client.region != other.region:
        return 3
    if client.zone != other.zone:
        return 2
    return 0 if client.subzone == other.subzone else 1


def _failed_over(
    groups: list[LocalityGroup], failover: tuple[LocalityFailover, ...], client: Locality
) -> list[LocalityGroup]:
    """Near groups first; of other regions the one that takes over for the client's, if any, before the rest."""
    takes_over = next((f.to for f in failover if f.from_ == client.region), None)
    result = []
    for group in groups:
        rank = distance(client, group.locality)
        if rank == 3 and takes_over is not None and group.locality.region != takes_over:
            rank = 4
        result.append(msgspec.structs.replace(group, priority=group.priority * 5 + rank))
    return _without_gaps(result)


def _split(group: LocalityGroup, priorities: tuple[str, ...], client: Labels) -> list[LocalityGroup]:
    """The group's endpoints by how many of the first labels they share with the client: all of them is best."""
    values = dict(client)
    by_rank: dict[int, list[Candidate]] = {}
    for member in group.members:
        carried = dict(member.labels)
        rank = 0
        for at, said in enumerate(priorities):
            label, given, value = said.partition("=")
            if carried.get(label, "") != (value if given else values.get(label, "")):
                rank = len(priorities) - at
                break
        by_rank.setdefault(rank, []).append(member)
    return [
        LocalityGroup(locality=group.locality, members=tuple(members), weight=weight_of(members), priority=rank)
        for rank, members in sorted(by_rank.items())
    ]


def _without_gaps(groups: list[LocalityGroup]) -> list[LocalityGroup]:
    """Envoy wants priorities 0, 1, 2 and so on, none left out."""
    order = {priority: at for at, priority in enumerate(sorted({group.priority for group in groups}))}
    return [msgspec.structs.replace(group, priority=order[group.priority]) for group in groups]
