"""What a website preview is, how it is drawn, and how it becomes WordPress pages.

schema = strict_schema(Website)                             what an `ai` provider is asked for
website = Website.model_validate(generation.content)        always fit to show: slugs unique, colours readable
website = with_facts(website, facts)                        everything the customer said is on some page
preview_html(website, "", link)                             the picture that sells it
to_pages(website)                                           the same, for `hosting.put_pages`
"""

from arumaldo.website.blocks import to_pages
from arumaldo.website.facts import abridged, facts_in, facts_missing, with_facts
from arumaldo.website.models import Item, Page, Palette, Section, Website
from arumaldo.website.render import preview_html
from arumaldo.website.schema import section_schema, strict_schema

__all__ = [
    "Item",
    "Page",
    "Palette",
    "Section",
    "Website",
    "abridged",
    "facts_in",
    "facts_missing",
    "preview_html",
    "section_schema",
    "strict_schema",
    "to_pages",
    "with_facts",
]
