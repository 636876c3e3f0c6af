"""The onboarding, from the answered questions to the open site: one step a function, in the order they happen.

Pages write the facts that start it (`confirming`, `business`, `ordering`). Each step reads, calls one provider,
writes, and tells what is true now. What a refusal means stands on the step; where nothing stands, a paid order fails,
and what was made for it is undone.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy import select

import arumaldo.flows.connecting
import arumaldo.flows.contacts
import arumaldo.flows.failing
import arumaldo.flows.invoicing  # noqa: F401 - the steps beside, before and after these
from arumaldo.bus.effects import in_doubt, made, settle
from arumaldo.bus.handlers import HANDLERS, handles
from arumaldo.bus.messages import Message
from arumaldo.bus.work import Work
from arumaldo.capabilities.billing import Address, Plan
from arumaldo.errors import OutcomeUnknown, ProviderError, Refused
from arumaldo.flows import facts
from arumaldo.flows.mails import post
from arumaldo.flows.moves import move
from arumaldo.flows.questions import facts_of, facts_to_show
from arumaldo.flows.repairs import CHARGE
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order, Payment, Site
from arumaldo.store.scope import Rows
from arumaldo.website import prompts
from arumaldo.website.blocks import to_pages
from arumaldo.website.facts import abridged, facts_in, with_facts
from arumaldo.website.models import Section, Website
from arumaldo.website.schema import section_schema, strict_schema

HANDLERS.default_refusal = facts.OrderFailed
WRITING_ATTEMPTS = 4
_LONGEST_PAUSE = 10.0
READY_WITHIN = timedelta(minutes=30)
"""A host that has not prepared a site by then will not: the order fails and the money goes back."""


# 1. The website, made from the answers.


@handles(facts.PreviewAsked, calls="ai", refused=facts.PreviewRefused)
def make_the_preview(message: facts.PreviewAsked, work: Work) -> None:
    with work.transaction() as rows:
        preview = rows.get_one(Preview, message.preview_id)
        if preview.state != "making":
            return
        answers = rows.get_one(Brief, preview.brief_id).answers

    made = work.hub.ai.generate(
        name="website",
        instructions=prompts.WEBSITE,
        facts=abridged(facts_of(answers)),
        schema=strict_schema(Website),
    )
    website = with_facts(_website(made.content, work), facts_to_show(answers))

    with work.transaction() as rows:
        _ready(rows.get_one(Preview, message.preview_id, lock=True), website)
        rows.publish(facts.PreviewMade(preview_id=message.preview_id))


@handles(facts.RewriteAsked, calls="ai", refused=facts.PreviewRefused)
def rewrite_the_section(message: facts.RewriteAsked, work: Work) -> None:
    with work.transaction() as rows:
        preview = rows.get_one(Preview, message.preview_id)
        if preview.state != "making" or preview.made_from is None or preview.wish is None:
            return
        answers = rows.get_one(Brief, preview.brief_id).answers
        website = Website.model_validate(rows.get_one(Preview, preview.made_from).content)
        wish = preview.wish

    old = website.section(wish["page"], wish["section"])
    made = work.hub.ai.generate(
        name="section",
        instructions=prompts.for_section(website, wish["page"], wish["section"], wish["wish"]),
        facts=abridged(facts_in(old, facts_of(answers))),
        schema=section_schema(old),
    )
    website = website.with_section(wish["page"], wish["section"], _section(made.content, work))
    website = with_facts(website, facts_to_show(answers))

    with work.transaction() as rows:
        _ready(rows.get_one(Preview, message.preview_id, lock=True), website)
        rows.publish(facts.PreviewMade(preview_id=message.preview_id))


@handles(facts.PreviewRefused)
def note_that_no_preview_was_made(message: facts.PreviewRefused, work: Work) -> None:
    with work.transaction() as rows:
        preview = rows.get_one(Preview, message.preview_id, lock=True)
        if preview.state == "making":
            preview.state, preview.problem = "failed", message.reason


# 2. The price, frozen in the order.


@handles(facts.PlanChosen, calls="billing", refused=facts.QuoteRefused)
def quote_the_order(message: facts.PlanChosen, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id)
        if order.state != "chosen":
            return
        plan, address = Plan.model_validate(order.plan), Address.model_validate(order.address)

    quote = work.hub.billing.quote(plan=plan, address=address)

    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id, lock=True)
        if move(order, "quoted"):
            order.net, order.tax, order.total = quote.net.minor, quote.tax.minor, quote.total.minor
            order.currency, order.tax_label = quote.total.currency, quote.tax_label
            rows.publish(facts.OrderQuoted(order_id=order.id))


@handles(facts.QuoteRefused)
def drop_the_order(message: facts.QuoteRefused, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id, lock=True)
        if move(order, "dropped"):
            order.problem = message.reason


# 3. The money, once.


@handles(facts.PaymentSubmitted, calls="payments", refused=facts.PaymentDeclined)
def charge_the_card(message: facts.PaymentSubmitted, work: Work) -> None:
    with work.transaction() as rows:
        payment = rows.get_one(Payment, message.payment_id, lock=True)
        if payment.state not in ("submitted", "unknown", "held"):
            return
        order = rows.get_one(Order, message.order_id)
        token = _token(rows, payment, work)
        # An earlier attempt may have reached the gateway: the page says so.
        if in_doubt(rows, CHARGE, order.id) and move(payment, "unknown"):
            rows.publish(facts.PaymentInDoubt(order_id=order.id, payment_id=payment.id), ends=False)
    if order.state == "chosen":  # in a restored book, the money may be older than the price
        work.look_again(1.0, "the price of the order is being worked out")

    charge = work.hub.payments.charge(
        reference=work.reference(message.order_id, payment.generation),
        amount=payment.money, token=token, description=order.plan["title"], email=payment.email,
    )  # fmt: skip
    if charge.state == "held":
        charge = work.hub.payments.get_charge(charge_id=charge.id)
    if charge.state in ("declined", "returned"):
        settle(work, CHARGE, message.order_id, "refused")
        raise Refused("payments", "The payment service did not accept the payment. Nothing was charged.")

    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id, lock=True)
        payment = rows.get_one(Payment, message.payment_id, lock=True)
        payment.charge_id, payment.card = charge.id, charge.card
        if charge.state == "held":
            if move(payment, "held"):
                rows.publish(facts.PaymentHeld(order_id=message.order_id, payment_id=payment.id), ends=False)
        elif move(payment, "paid"):
            rows.publish(_paid(rows, order, payment))
    if charge.state == "held":
        work.look_again(20, "the gateway is reviewing the payment")


@handles(facts.PaymentDeclined)
def tell_that_it_was_declined(message: facts.PaymentDeclined, work: Work) -> None:
    with work.transaction() as rows:
        payment = rows.get_one(Payment, message.payment_id, lock=True)
        if move(payment, "declined"):
            payment.problem, payment.token, payment.ended_at = message.reason, None, rows.now()


# 4. The site: made, ready, filled, handed over. Before it stands the subscription, with its invoice (`invoicing`).


@handles(facts.InvoicePaid, calls="hosting")
def create_the_site(message: facts.InvoicePaid, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id)
        if order.state != "paid" or rows.first(Site, Site.order_id == order.id):
            return
        label = rows.get_one(Brief, order.brief_id).answers["business_name"]
        email = rows.all(Payment, Payment.order_id == order.id)[-1].email

    hosted = work.hub.hosting.create_site(reference=work.reference(message.order_id), label=label, owner_email=email)

    with work.transaction() as rows:
        rows.add(Site(order_id=message.order_id, hosted_id=hosted.id, url=hosted.url, state="preparing"))
        rows.publish(facts.SiteCreated(order_id=message.order_id))


@handles(facts.SiteCreated, calls="hosting")
def wait_until_the_site_is_ready(message: facts.SiteCreated, work: Work) -> None:
    with work.transaction() as rows:
        site = _site(rows, message.order_id)
        if site.state != "preparing":
            return
        waited = rows.now() - site.created_at

    hosted = work.hub.hosting.get_site(site_id=site.hosted_id)
    if hosted.state == "failed" or (hosted.state != "live" and waited > READY_WITHIN):
        raise Refused("hosting", "the host could not prepare the site")
    if hosted.state != "live":
        work.look_again(_pause(1.0, waited), f"the host is preparing the site ({hosted.state})")

    with work.transaction() as rows:
        site = _site(rows, message.order_id)
        if move(site, "ready"):
            site.ready_at, site.url = rows.now(), hosted.url
            rows.publish(facts.SiteReady(order_id=message.order_id))


@handles(facts.SiteReady, calls="hosting")
def put_the_pages_in(message: facts.SiteReady, work: Work) -> None:
    with work.transaction() as rows:
        site = _site(rows, message.order_id)
        if site.state != "ready":
            return
        order = rows.get_one(Order, message.order_id)
        website = Website.model_validate(rows.get_one(Preview, order.preview_id).content)
        waited = rows.now() - work.published_at

    if website.digest() != order.preview_digest:
        raise Refused("hub", "the approved pages are not the ones that were ordered")
    done = work.hub.hosting.put_pages(site_id=site.hosted_id, title=website.title, pages=to_pages(website))
    if done.state == "pending" and waited > READY_WITHIN:
        raise Refused("hosting", "the host did not take the pages in")
    if done.state == "pending":
        work.look_again(_pause(0.7, waited), "the host is putting the pages in")

    with work.transaction() as rows:
        rows.publish(facts.PagesPublished(order_id=message.order_id))


@handles(facts.PagesPublished)
def hand_the_site_over(message: facts.PagesPublished, work: Work) -> None:
    with work.transaction() as rows:
        order, site = rows.get_one(Order, message.order_id, lock=True), _site(rows, message.order_id)
        if move(order, "live") and move(site, "live"):
            order.ended_at = site.live_at = rows.now()
            post(rows, "handover", order.id)
            rows.publish(facts.SiteHandedOver(order_id=order.id))


def _pause(first: float, waited: timedelta) -> float:
    """Seconds until the host is asked again: the longer it takes, the less it matters by how much."""
    return min(_LONGEST_PAUSE, first + waited.total_seconds() / 10)


def _website(content: object, work: Work) -> Website:
    try:
        return Website.model_validate(content)
    except ValidationError as error:
        raise _no_use(work) from error


def _section(content: object, work: Work) -> Section:
    try:
        return Section.model_validate(content)
    except ValidationError as error:
        raise _no_use(work) from error


def _no_use(work: Work) -> ProviderError:
    """The writer wrote something else than was asked: it may do better a second time, and hardly a fifth."""
    if work.attempt < WRITING_ATTEMPTS:
        return OutcomeUnknown("hub", "the text that came back does not fit the pages")
    return Refused("hub", "We could not write your website just now. Please try again.")


def _ready(preview: Preview, website: Website) -> None:
    preview.content, preview.digest = website.model_dump(mode="json"), website.digest()
    preview.state, preview.problem = "ready", None


def _token(rows: Rows, payment: Payment, work: Work) -> str:
    """What stands for the card; empty where the money is known to have been taken."""
    if payment.token is not None:
        return work.open(payment.token)
    effect = made(rows, CHARGE, payment.order_id, payment.generation)
    if effect is None or effect.state != "done":
        raise Refused("hub", "The card details are gone. Nothing was charged. Please enter the card again.")
    return ""


def _paid(rows: Rows, order: Order, payment: Payment) -> Message:
    """What follows: the order is paid; or, where it was dropped before its money was found, that goes back."""
    payment.ended_at, payment.token = rows.now(), None
    if not move(order, "paid"):
        return facts.OrderFailed(order_id=order.id, reason="The order was given up before it was paid.")
    order.paid_at = payment.ended_at
    return facts.OrderPaid(order_id=order.id)


def _site(rows: Rows, order_id: object) -> Site:
    return rows.session.scalars(
        select(Site).where(Site.order_id == order_id, Site.account_id == rows.owner.account_id).with_for_update()
    ).one()
