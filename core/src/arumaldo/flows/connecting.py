"""A domain of the customer's own, from its entry to a site that is open there; and back, when it is given up.

The order in which a site is never unreachable: records that lead straight to the host, then the delegation, then the
host with a certificate of its own, and only then the network that stands before it, which makes itself ready before it
lets any visitor in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from arumaldo.bus.effects import made, refused_so_far, settle
from arumaldo.bus.handlers import handles
from arumaldo.bus.work import Work
from arumaldo.capabilities.dns import Record, Zone
from arumaldo.errors import NotFound, Refused
from arumaldo.flows import facts
from arumaldo.flows.mails import post
from arumaldo.flows.moves import move
from arumaldo.flows.undoing import settled_ids, wait_an_hour
from arumaldo.store.domains import Domain
from arumaldo.store.orders import Site
from arumaldo.store.scope import Rows

CREATE_ZONE = "dns.create_zone"
DELEGATED_WITHIN = timedelta(days=28)
"""Nobody names the name servers after that; most providers give the zone up by then."""
READY_WITHIN = timedelta(days=28)
"""What a host or a shield still waits for after that does not come by itself."""
_LONGEST_PAUSE = 600.0


@handles(facts.DomainEntered, calls="dns", refused=facts.DomainRefused)
def make_the_zone(message: facts.DomainEntered, work: Work) -> None:
    """DomainTaken where a zone of this name was there before us, DomainRefused where the provider will not have it."""
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "entered":
            return
        generation = refused_so_far(rows, CREATE_ZONE, domain.id) + 1

    zone = _adopted(domain, work) if domain.adopted else None
    if zone is None:
        zone = work.hub.dns.create_zone(reference=work.reference(domain.id, generation), name=domain.name)

    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if domain.state == "entered":
            domain.zone_id, domain.name_servers = zone.id, zone.name_servers
            rows.publish(facts.ZoneMade(domain_id=domain.id))


@handles(facts.DomainTaken)
def note_that_the_domain_is_taken(message: facts.DomainTaken, work: Work) -> None:
    """It is there already, made by others: the operator may let us use it, or the customer gives it up."""
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "taken"):
            domain.problem = message.reason


@handles(facts.ZoneMade, calls="hosting", refused=facts.DomainRefused)
def ask_where_the_site_is(message: facts.ZoneMade, work: Work) -> None:
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "entered":
            return
        site = rows.get_one(Site, domain.site_id)

    targets = work.hub.hosting.domain_targets(site_id=site.hosted_id)

    with work.transaction() as rows:
        found = [Record(type=one.type, name=one.name, content=one.content).model_dump() for one in targets]
        # Before they are put, so that whatever stands in the zone is known when the domain is given up.
        rows.get_one(Domain, domain.id, lock=True).records = found
        rows.publish(facts.TargetsKnown(domain_id=domain.id, records=found))


@handles(facts.TargetsKnown, calls="dns", refused=facts.DomainRefused)
def put_the_records(message: facts.TargetsKnown, work: Work) -> None:
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "entered" or domain.zone_id is None:
            return

    work.hub.dns.put_records(zone_id=domain.zone_id, records=_read(message.records))

    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "waiting"):
            domain.waiting_at = rows.now()
            post(rows, "name-servers", domain.id)
            rows.publish(facts.RecordsPut(domain_id=domain.id))


@handles(facts.RecordsPut, calls="dns", refused=facts.DomainRefused, apart=True)
def watch_the_delegation(message: facts.RecordsPut, work: Work) -> None:
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "waiting" or domain.zone_id is None:
            return
        waited = rows.now() - work.published_at

    zone = _watched(domain.zone_id, work)
    if zone.state != "active":
        if waited > DELEGATED_WITHIN:
            raise Refused("dns", _NEVER_DELEGATED)
        work.look_again(_pause(waited), "the registrar does not name our name servers yet")

    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "delegated"):
            domain.delegated_at = rows.now()
            rows.publish(facts.DomainDelegated(domain_id=domain.id))


@handles(facts.DomainDelegated, calls="hosting", refused=facts.DomainRefused)
def attach_the_domain(message: facts.DomainDelegated, work: Work) -> None:
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "delegated":
            return
        site, waited = rows.get_one(Site, domain.site_id), rows.now() - work.published_at

    hosted = work.hub.hosting.put_domain(site_id=site.hosted_id, domain=domain.name)
    if hosted.state == "waiting":
        _wait(message, work, waited, "the host", hosted.reason)

    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "attached"):
            domain.attached_at, domain.url, domain.note = rows.now(), hosted.url, ""
            rows.publish(facts.DomainAttached(domain_id=domain.id))


@handles(facts.DomainAttached, calls="dns", refused=facts.DomainRefused)
def shield_the_domain(message: facts.DomainAttached, work: Work) -> None:
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "attached" or domain.zone_id is None:
            return
        waited = rows.now() - work.published_at
        records, ours = _read(domain.records), _is_ours(rows, domain)

    shield = work.hub.dns.put_shield(zone_id=domain.zone_id, records=records, ours=ours)
    if not shield.ready:
        _wait(message, work, waited, "the shield", shield.reason, _OPEN_MEANWHILE)

    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "live"):
            domain.live_at, domain.shield, domain.note = rows.now(), shield.model_dump(), ""
            post(rows, "connected", domain.id)
            rows.publish(facts.DomainConnected(domain_id=domain.id))


@handles(facts.DomainRefused)
def note_that_the_domain_was_refused(message: facts.DomainRefused, work: Work) -> None:
    """The site goes on at the host's own address; the customer may give the domain up and enter another one."""
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "refused"):
            domain.problem, domain.note = message.reason, ""


# Given up: first the host lets go of the name, then the zone goes, and then the name is free for others.


@handles(facts.DomainGivenUp, calls="hosting", refused=facts.DomainRemovalRefused)
def detach_the_domain(message: facts.DomainGivenUp, work: Work) -> None:
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        if domain.state != "leaving":
            return
        site = rows.get_one(Site, domain.site_id)

    work.hub.hosting.remove_domain(site_id=site.hosted_id, domain=domain.name)

    with work.transaction() as rows:
        rows.publish(facts.DomainDetached(domain_id=domain.id))


@handles(facts.DomainDetached, calls="dns", refused=facts.DomainRemovalRefused)
def remove_the_zone(message: facts.DomainDetached, work: Work) -> None:
    """Only one that we made. One that was there before us stays, without what we put into it."""
    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id)
        effect = made(rows, CREATE_ZONE, domain.id, refused_so_far(rows, CREATE_ZONE, domain.id) + 1)
        if domain.state != "leaving":
            return

    if effect is not None:
        for zone_id in settled_ids(
            effect, work, lambda: work.hub.dns.find_zones(reference=effect.reference, name=domain.name)
        ):
            work.hub.dns.remove_zone(zone_id=zone_id)
        settle(work, CREATE_ZONE, domain.id, "undone")
    elif domain.adopted and domain.zone_id is not None:
        work.hub.dns.leave_zone(zone_id=domain.zone_id, records=_read(domain.records))

    with work.transaction() as rows:
        domain = rows.get_one(Domain, message.domain_id, lock=True)
        if move(domain, "left"):
            domain.ended_at = rows.now()
            rows.publish(facts.DomainLeft(domain_id=domain.id))


@handles(facts.DomainRemovalRefused, apart=True, undoes=True)
def begin_the_removal_again(message: facts.DomainRemovalRefused, work: Work) -> None:
    wait_an_hour(work, "a vendor would not take something of a domain away")
    with work.transaction() as rows:
        rows.publish(facts.DomainGivenUp(domain_id=message.domain_id))


_NEVER_DELEGATED = (
    "The name servers were never entered where the domain was bought, so the place for it was given up. "
    "Remove the domain here, and enter it again when you can change its name servers."
)

_NEVER_READY = (
    "For four weeks the domain could not be connected, and this is what it waited for: {}. "
    "Remove the domain here, and enter it again once that is settled."
)
_OPEN_MEANWHILE = "Your website is open at your domain already."


def _watched(zone_id: str, work: Work) -> Zone:
    try:
        return work.hub.dns.get_zone(zone_id=zone_id)
    except NotFound as gone:
        raise Refused(gone.provider, _NEVER_DELEGATED) from gone


def _adopted(domain: Domain, work: Work) -> Zone | None:
    """The zone that was there before us, which we were told we may use."""
    found = work.hub.dns.find_zones(reference="", name=domain.name)
    return found[0] if found else None


def _is_ours(rows: Rows, domain: Domain) -> bool:
    """Whether we made its zone; else it was there before us, also where its operator lets us use it."""
    return made(rows, CREATE_ZONE, domain.id, refused_so_far(rows, CREATE_ZONE, domain.id) + 1) is not None


def _read(records: Sequence[Any]) -> list[Record]:
    return [Record.model_validate(one) for one in records]


def _wait(
    message: facts.DomainDelegated | facts.DomainAttached, work: Work, waited: timedelta, who: str, reason: str,
    meanwhile: str = "",
) -> NoReturn:  # fmt: skip
    """Tell the customer's page what it waits for, and look again; Refused when that has lasted too long."""
    if waited > READY_WITHIN:
        raise Refused("hub", _NEVER_READY.format(reason.rstrip(".")))
    with work.transaction() as rows:
        rows.get_one(Domain, message.domain_id, lock=True).note = f"{meanwhile} {reason}".lstrip()
    work.look_again(_pause(waited), f"{who} waits: {reason}")


def _pause(waited: timedelta) -> float:
    """Seconds until the vendor is asked again: the longer it takes, the less it matters by how much."""
    return min(_LONGEST_PAUSE, 0.8 + waited.total_seconds() / 10)
