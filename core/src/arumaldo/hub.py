"""The hub: for an account and a capability, the provider that serves it, behind a typed face."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.ai import Ai
from arumaldo.capabilities.billing import Billing
from arumaldo.capabilities.customers import Customers
from arumaldo.capabilities.dns import Dns
from arumaldo.capabilities.email import Email
from arumaldo.capabilities.hosting import Hosting
from arumaldo.capabilities.kinds import PROJECT, Kind, kind_of
from arumaldo.capabilities.payments import Payments
from arumaldo.config.model import Config, PluginChoice, ResellerConfig
from arumaldo.deadline import CALL_SECONDS, deadline
from arumaldo.discovery import load
from arumaldo.errors import HubError, OutcomeUnknown, ProviderError
from arumaldo.hearing import listening

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provider:
    """One plugin, set up with one reseller's settings, as the server of one capability."""

    name: str
    capability: str
    sandbox: bool
    served: pluggy.PluginManager = field(repr=False)

    def call(self, hook: str, arguments: Mapping[str, Any], within: float | None = None) -> Any:
        """Call the hook within its total deadline: that of its kind, or of so many seconds.

        A ProviderError passes through. Anything else that is raised, and None where a value is promised, is
        OutcomeUnknown: nobody can tell what happened at the vendor.
        """
        try:
            with deadline(within or _seconds(self.capability, hook)), listening() as vendor:
                answer = getattr(self.served.hook, hook)(**arguments)
        except ProviderError as error:
            error.heard = vendor.answered
            raise
        except (Exception, SystemExit) as error:
            raise OutcomeUnknown(self.name, f"{hook} failed with {type(error).__name__}") from error
        if answer is None and _promises_value(self.capability, hook):
            raise OutcomeUnknown(self.name, f"{hook} answered nothing")
        return answer


@dataclass(frozen=True)
class Call:
    """One call that somebody wants to make."""

    provider: Provider
    hook: str
    kind: Kind
    arguments: dict[str, Any]

    @property
    def step(self) -> str:
        return f"{self.provider.capability}.{self.hook}"

    def make(self) -> Any:
        return self.provider.call(self.hook, self.arguments)


def call_directly(call: Call) -> Any:
    """What pages do: read, and nothing else."""
    if call.kind.name != "reads":
        raise HubError(f"{call.step} changes something at a vendor; only a handler may call it")
    return call.make()


class AccountHub:
    """What an account's handlers and pages see: one attribute per capability, typed by its hooks."""

    ai: Ai
    billing: Billing
    customers: Customers
    dns: Dns
    email: Email
    hosting: Hosting
    payments: Payments

    def __init__(self, provider_of: Callable[[str], Provider], invoke: Callable[[Call], Any] = call_directly) -> None:
        self._provider_of = provider_of
        self._invoke = invoke

    def __getattr__(self, capability: str) -> Any:
        if capability not in CAPABILITIES:
            raise AttributeError(capability)
        return _Face(self._provider_of(capability), self._invoke)


class _Face:
    """Turns `hub.hosting.get_site(site_id=…)` into a Call."""

    def __init__(self, provider: Provider, invoke: Callable[[Call], Any]) -> None:
        self._provider = provider
        self._invoke = invoke

    def __getattr__(self, hook: str) -> Callable[..., Any]:
        kind = kind_of(getattr(CAPABILITIES[self._provider.capability], hook, None))
        if kind is None:
            raise AttributeError(f"{self._provider.capability} has no hook {hook}")
        return lambda **arguments: self._invoke(Call(self._provider, hook, kind, arguments))


class Providers:
    """All providers of one configuration version, made when they are first needed."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str], Provider] = {}

    def get(self, reseller: str, config: ResellerConfig, plugin: str, capability: str) -> Provider:
        """The provider; a second call answers the same one. HubError when the plugin is not enabled any more."""
        key = (reseller, plugin, capability)
        if key not in self._made:
            choice = config.plugins.get(plugin)
            if choice is None:
                raise HubError(f"the plugin {plugin} serves {capability} for this account but is not enabled")
            self._made[key] = _make(choice, capability)
        return self._made[key]

    def make_ready(self, config: Config) -> None:
        """Make whoever serves new accounts; a second call makes nothing anew. Who cannot be made is logged, and whoever
        needs it is told then."""
        for slug, reseller in config.resellers.items():
            for capability, plugins in reseller.providers.items():
                for plugin in plugins:
                    try:
                        self.get(slug, reseller, plugin, capability)
                    except Exception:  # a plugin is a guest: what it raises is no reason not to serve with the others
                        log.exception("%s could not be set up for %s", plugin, capability)

    def close(self) -> None:
        """Let go of the providers' connections; a second call does nothing."""
        while self._made:
            _, provider = self._made.popitem()
            for served in provider.served.get_plugins():
                if callable(close := getattr(served, "close", None)):
                    close()


def _make(choice: PluginChoice, capability: str) -> Provider:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(CAPABILITIES[capability])
    manager.register(load(choice.plugin.provides[capability])(choice.settings))
    return Provider(choice.name, capability, choice.sandbox, manager)


def _seconds(capability: str, hook: str) -> float:
    kind = kind_of(getattr(CAPABILITIES[capability], hook, None))
    return kind.within if kind else CALL_SECONDS


def _promises_value(capability: str, hook: str) -> bool:
    annotation = inspect.signature(getattr(CAPABILITIES[capability], hook)).return_annotation
    return annotation not in (None, "None")
