"""customers: the people a reseller serves, in its CRM."""

from __future__ import annotations

from pydantic import BaseModel, Field

from arumaldo.capabilities.kinds import puts


class Person(BaseModel, frozen=True):
    """Whoever signed up. `business` is the name of the business, empty while it is not known."""

    email: str = Field(max_length=254)
    business: str = ""


class Contact(BaseModel, frozen=True):
    """The person as the CRM has them; `id` is the CRM's own."""

    id: str


class Customers:
    """Whoever keeps the contacts."""

    @puts
    def put_contact(self, person: Person) -> Contact:
        """Make the CRM hold this person, once.

        The e-mail address says who it is, whatever its case: a second call, also one at the same time, answers the same
        contact and updates it, and so does a call for somebody whom the CRM knew before us. Of such a contact nothing
        is emptied. Refused: the CRM will not have this person.
        """
        raise NotImplementedError
