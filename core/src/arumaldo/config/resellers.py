"""Everything that holds for one reseller: the installation's own tables, and `[resellers.<slug>]` laid over them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from arumaldo.config.model import MAIN, SAID_TWICE, Brand, HubSettings, PluginChoice, ResellerConfig, is_host
from arumaldo.config.plans import read_plans
from arumaldo.config.plugins import Plugins
from arumaldo.config.providers import read_providers
from arumaldo.config.report import not_known
from arumaldo.config.tables import Tables

_KEYS = ("hostnames", "brand", "providers", "plugins", "plans")


def read_resellers(tables: Tables, hub: HubSettings) -> dict[str, ResellerConfig]:
    """By slug, the installation itself first; what is wrong is said, and a reseller with mistakes may be left out."""
    plugins = Plugins(hub.sandbox, hub.sandbox_url)
    portal = urlsplit(hub.base_url).hostname or ""
    preview = hub.preview_host.partition(":")[0]
    if preview == portal:
        tables.wrong(("hub", "preview_host"), "must be another host than base_url's: generated pages are strangers")
    taken = {portal: "[hub] base_url", preview: "[hub] preview_host"}
    found = {MAIN: _read(tables, MAIN, (portal,), plugins, hub)}
    for slug in tables.table("resellers"):
        _check_slug(tables, slug)
        own = Tables(tables.source, ("resellers", slug))
        found[slug] = _read(own, slug, _hostnames(tables, slug, taken), plugins, hub)
    return {slug: reseller for slug, reseller in found.items() if reseller}


def _read(
    tables: Tables, slug: str, hostnames: tuple[str, ...], plugins: Plugins, hub: HubSettings
) -> ResellerConfig | None:
    brand, missing = tables.model(Brand, ("brand",), tables.table("brand"))
    tables.missing(("brand",), missing)
    choices = plugins.read(tables)
    providers = read_providers(tables, plugins.serving(tables))
    plans = read_plans(tables)
    if hub.real_hosting_with_sandbox_payments != SAID_TWICE:
        _refuse_gifts(tables, providers, choices)
    if brand is None:
        return None
    return ResellerConfig(
        slug=slug, hostnames=hostnames, brand=brand, providers=providers, plugins=choices, plans=plans
    )


def _check_slug(tables: Tables, slug: str) -> None:
    path = ("resellers", slug)
    if slug == MAIN:
        tables.wrong(path, "is the installation itself; write its keys at the top of the file, in [brand] and so on")
    elif not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", slug):
        tables.wrong(path, "must be named in lower-case letters, digits and dashes")
    for key in tables.table(*path):
        if key not in _KEYS:
            tables.wrong((*path, key), not_known(key, _KEYS))


def _hostnames(tables: Tables, slug: str, taken: dict[str, str]) -> tuple[str, ...]:
    """The reseller's host names, entered into `taken` (name → who has it)."""
    path = ("resellers", slug, "hostnames")
    names = tables.table("resellers", slug).get("hostnames")
    if not isinstance(names, list) or not names:
        tables.wrong(path, 'must be a list of host names, like hostnames = ["sites.example.com"]')
        return ()
    for place, name in enumerate(names):
        if not isinstance(name, str) or not is_host(name):
            tables.wrong((*path, place), 'must be a host name in lower case like "sites.example.com", nothing more')
        elif name in taken:
            tables.wrong((*path, place), f"is {name}, which {taken[name]} has already; a host name leads to one place")
        else:
            taken[name] = f"[resellers.{slug}]"
    return tuple(str(name) for name in names)


def _refuse_gifts(
    tables: Tables, providers: Mapping[str, tuple[str, ...]], choices: Mapping[str, PluginChoice]
) -> None:
    """Real sites for play money, unless the operator says it twice."""
    free = [name for name in providers["payments"] if name in choices and choices[name].sandbox]
    real = [name for name in providers["hosting"] if name in choices and not choices[name].sandbox]
    if free and real:
        tables.wrong(
            ("providers", "hosting"),
            f"names {real[0]}, which makes real sites, while payments by {free[0]} are in sandbox mode: sites would be "
            f"given away; write sandbox = true in [plugins.{real[0]}], take payments out of sandbox mode, or say it "
            f'twice with real_hosting_with_sandbox_payments = "{SAID_TWICE}" in [hub]',
        )
