"""Find plugins by their entry points, import them, and check that they can be trusted with the hooks they serve.

Installed means: a package offers an entry point in the group `arumaldo.plugins`. Nothing is imported before somebody
asks for it by name; `load_plugin` and `load` import once per process, as Python does, so a second call is cheap and
answers the same object.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any

import pluggy

from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import PROJECT, Kind, kind_of
from arumaldo.errors import ConfigError
from arumaldo.plugin import GROUP, Plugin, PluginSettings

_MARKS = pluggy.PluginManager(PROJECT)
_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def available() -> dict[str, EntryPoint]:
    """Every installed plugin by name, in alphabetical order; none of them is imported."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(_offered(), key=lambda entry: entry.name):
        found.setdefault(entry.name, entry)
    return found


def load_plugin(name: str) -> Plugin:
    """Import the plugin. ConfigError when it is not installed, offered twice, raises at import, or is no `Plugin`."""
    offers = [offer for offer in _offered() if offer.name == name]
    if not offers:
        raise ConfigError(_not_installed(name))
    if len(offers) > 1:
        packages = " and ".join(sorted(_package(offer) for offer in offers))
        raise ConfigError(f"the plugin {name} is offered by {packages}; uninstall all but one of them")
    plugin = _import_plugin(name, offers[0])
    _check_settings(name, plugin.settings)
    return plugin


def _offered() -> EntryPoints:
    """What all installed packages offer; read anew when one has been installed while this process runs."""
    folders = [folder for folder in map(Path, sys.path) if folder.is_dir()]
    return _read_offers(tuple((str(folder), folder.stat().st_mtime_ns) for folder in folders))


@lru_cache(maxsize=1)
def _read_offers(folders: tuple[tuple[str, int], ...]) -> EntryPoints:
    importlib.invalidate_caches()
    return entry_points(group=GROUP)


def load(spec: str) -> Any:
    """The object that "module:Name" names. ConfigError when the text has another form or the import fails."""
    module, _, attribute = spec.partition(":")
    if not module or not attribute:
        raise ConfigError(f'"{spec}" does not have the form "module:Name"; that is for the plugin\'s author to correct')
    try:
        return getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{spec} cannot be imported ({described(error)})") from error


def check_plugin(name: str, plugin: Plugin) -> list[str]:
    """Import every provider class of the plugin and say what is wrong with each; empty when all is well."""
    mistakes = []
    for capability, spec in plugin.provides.items():
        if capability not in CAPABILITIES:
            mistakes.append(_unknown_capability(name, capability))
            continue
        try:
            mistakes += check_provider(name, capability, load(spec))
        except ConfigError as error:
            mistakes += [
                f"the plugin {name} cannot serve {capability}: {mistake}; install what it needs, or a corrected {name}"
                for mistake in error.mistakes
            ]
    return mistakes


def check_provider(plugin_name: str, capability: str, cls: object) -> list[str]:
    """What the provider class owes to the capability and lacks; empty when it serves every hook as promised.

    pluggy hands a hook only those arguments that the implementation names, and none that have a default. So an
    implementation without `reference` would work, and make doubles. Each parameter has to be there by name.
    """
    if capability not in CAPABILITIES:
        return [_unknown_capability(plugin_name, capability)]
    if not inspect.isclass(cls):
        return [f"the plugin {plugin_name} serves {capability} with a {type(cls).__name__}, which is not a class"]
    promised = CAPABILITIES[capability]
    mistakes = check_capability(promised)
    served = dict(_implementations(cls))
    for hook, spec in _hooks(promised):
        who = f"the plugin {plugin_name}: its {capability} hook {hook}"
        if hook in served:
            mistakes += [f"{who} {wrong}" for wrong in _wrong_parameters(spec, served[hook])]
        else:
            mistakes.append(f"{who} is missing; {cls.__name__} has to implement it and mark it with @hookimpl")
    return [*mistakes, *_unknown_hooks(plugin_name, capability, served)]


def check_capability(cls: type) -> list[str]:
    """What is wrong with a capability's own hooks: a missing mark, or a `find` that cannot find."""
    mistakes = []
    hooks = dict(_hooks(cls))
    for name, hook in hooks.items():
        kind = kind_of(hook)
        who = f"the capability {cls.__name__}: its hook {name}"
        if kind is None:
            mistakes.append(f"{who} is of no kind; mark it with @reads, @puts or @creates")
        elif kind.name == "creates":
            mistakes += [f"{who} {wrong}" for wrong in _wrong_create(kind, hook, hooks)]
    return mistakes


def described(error: BaseException) -> str:
    """The exception's type and text on one line of bounded length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _import_plugin(name: str, entry: EntryPoint) -> Plugin:
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"the plugin {name} raises at import ({described(error)}); "
            f"install what {_package(entry)} needs, or a corrected version of it"
        ) from error
    if not isinstance(plugin, Plugin):
        raise ConfigError(
            f"the plugin {name} is broken: its entry point {entry.value} is a {type(plugin).__name__}, not an "
            f"arumaldo.Plugin; install a corrected version of {_package(entry)}"
        )
    return plugin


def _check_settings(name: str, settings: object) -> None:
    if not (inspect.isclass(settings) and issubclass(settings, PluginSettings)):
        raise ConfigError(f"the plugin {name} is broken: its settings are not an arumaldo.PluginSettings class")
    if "sandbox" in settings.model_fields:
        raise ConfigError(f'the plugin {name} is broken: its settings have a key "sandbox", which belongs to the hub')


def _not_installed(name: str) -> str:
    installed = available()
    nearest = difflib.get_close_matches(name, installed, n=1)
    if nearest:
        return f"the plugin {name} is not installed; did you mean {nearest[0]}?"
    there = f"installed are {', '.join(installed)}" if installed else "no plugin is installed"
    return (
        f'the plugin {name} is not installed ({there}); install it, for example with "pip install arumaldo-{name}", '
        f"or take its table away"
    )


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _unknown_capability(plugin_name: str, capability: str) -> str:
    nearest = difflib.get_close_matches(capability, CAPABILITIES, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(CAPABILITIES)}"
    return f"the plugin {plugin_name} serves {capability}, which is no capability of this hub; {hint}"


def _hooks(capability: type) -> Iterator[tuple[str, Callable[..., object]]]:
    for name in dir(capability):
        if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(capability, name)):
            yield name, _bound(capability, name)


def _implementations(cls: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """Hook → function, for what is marked and not a mere wrapper around another implementation."""
    for name in dir(cls):
        marks = _MARKS.parse_hookimpl_opts(cls, name)
        if marks and not (marks["wrapper"] or marks["hookwrapper"]):
            yield marks["specname"] or name, _bound(cls, name)


def _bound(cls: type, name: str) -> Callable[..., object]:
    """The method as a caller sees it: without the instance, which nobody has to make for that."""
    method: Callable[..., object] = inspect.getattr_static(cls, name).__get__(object(), cls)
    return method


def _names(hook: Callable[..., object]) -> list[str]:
    return list(inspect.signature(hook).parameters)


def _wrong_parameters(spec: Callable[..., object], implementation: Callable[..., object]) -> Iterator[str]:
    promised = _names(spec)
    taken = inspect.signature(implementation).parameters
    for name in promised:
        if name not in taken:
            yield f"does not take the parameter {name}; it has to take {', '.join(promised)}"
        elif taken[name].kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            yield f"has to take the parameter {name} plainly, neither after a * nor before a /"
        elif taken[name].default is not inspect.Parameter.empty:
            yield f"gives the parameter {name} a default, and so would never be handed it; take the default away"
    for name, parameter in taken.items():
        if name not in promised and parameter.kind not in _OPEN and parameter.default is inspect.Parameter.empty:
            yield f"takes {name}, which this hook does not have; it has {', '.join(promised)}"


def _unknown_hooks(plugin_name: str, capability: str, served: dict[str, Callable[..., object]]) -> Iterator[str]:
    """One class may serve several capabilities, so only a hook that no capability has is a mistake."""
    everywhere = {name for cls in CAPABILITIES.values() for name, _ in _hooks(cls)}
    here = [name for name, _ in _hooks(CAPABILITIES[capability])]
    for hook in served:
        if hook not in everywhere:
            nearest = difflib.get_close_matches(hook, here, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "take its @hookimpl away"
            yield f"the plugin {plugin_name}: {capability} has no hook {hook}; {hint}"


def _wrong_create(kind: Kind, hook: Callable[..., object], hooks: dict[str, Callable[..., object]]) -> Iterator[str]:
    taken = _names(hook)
    if taken[:1] != ["reference"]:
        yield "makes something, so its first parameter has to be reference"
    finder = hooks.get(kind.find or "")
    found_by = kind_of(finder)
    if finder is None or found_by is None or found_by.name != "reads":
        yield f"is to be found again by {kind.find}, which is no @reads hook beside it"
        return
    if "reference" not in _names(finder):
        yield f"is to be found again by {kind.find}, which does not take reference"
    for name in _names(finder):
        if name not in taken:
            yield f"is to be found again by {kind.find}, which asks for {name}, a parameter that {hook.__name__} lacks"
