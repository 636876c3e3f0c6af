"""Plugins are found by their entry points, and are not trusted before they were looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arumaldo import hookimpl
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import Made, creates, puts, reads
from arumaldo.discovery import available, check_capability, check_plugin, check_provider, load, load_plugin
from arumaldo.errors import ConfigError

from .conftest import AI, HOSTING, Install


class Host:
    """A provider as it should be."""

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> None: ...
    @hookimpl
    def find_sites(self, reference: str) -> None: ...
    @hookimpl
    def list_sites(self, since: object) -> None: ...
    @hookimpl
    def get_site(self, site_id: str) -> None: ...
    @hookimpl
    def put_pages(self, site_id: str, title: str, pages: list[object]) -> None: ...
    @hookimpl
    def remove_site(self, site_id: str) -> None: ...
    @hookimpl
    def domain_targets(self, site_id: str) -> None: ...
    @hookimpl
    def put_domain(self, site_id: str, domain: str) -> None: ...
    @hookimpl
    def remove_domain(self, site_id: str, domain: str) -> None: ...

    def not_a_hook(self) -> None: ...


class TestFinding:
    def test_an_installed_plugin_is_found_without_being_imported(self, install: Install) -> None:
        install("quiet", "raise RuntimeError('nobody asked for me')")
        assert "quiet" in available()

    def test_plugins_are_listed_in_alphabetical_order(self, install: Install) -> None:
        install("zebra", AI)
        install("aardvark", AI)
        assert list(available()) == sorted(available())

    def test_a_plugin_is_imported_by_its_name(self, install: Install) -> None:
        module = install("quill", AI)
        assert load_plugin("quill").provides == {"ai": f"{module}:Writer"}

    def test_a_plugin_that_is_not_installed_is_told_with_those_that_are(self, install: Install) -> None:
        install("quill", AI)
        with pytest.raises(
            ConfigError, match=r"zzz is not installed \(installed are .*quill.*pip install arumaldo-zzz"
        ):
            load_plugin("zzz")

    def test_a_mistyped_name_is_told_with_the_nearest(self, install: Install) -> None:
        install("homestead", HOSTING)
        with pytest.raises(ConfigError, match=r"the plugin homstead is not installed; did you mean homestead\?"):
            load_plugin("homstead")

    @pytest.mark.parametrize(
        ("source", "says"),
        [
            ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
            ("raise RuntimeError('out of\\n\\n luck')", "RuntimeError: out of luck"),
            ("raise SystemExit(3)", "SystemExit: 3"),
            ("this is no python", "SyntaxError: invalid syntax"),
            ("other = 1", "AttributeError: module"),
            ("raise ValueError('x' * 5000)", "ValueError: x{300}[)]"),
        ],
    )
    def test_a_plugin_that_raises_at_import_is_told_with_what_it_raised(
        self, install: Install, source: str, says: str
    ) -> None:
        install("broken", source)
        with pytest.raises(
            ConfigError, match=rf"(?s)the plugin broken raises at import \({says}.*arumaldo-broken needs"
        ):
            load_plugin("broken")

    def test_an_entry_point_that_is_no_plugin_is_told(self, install: Install) -> None:
        install("broken", "plugin = {}")
        with pytest.raises(
            ConfigError, match=r"broken is broken: its entry point .* is a dict, not an arumaldo.Plugin"
        ):
            load_plugin("broken")

    def test_settings_of_another_make_are_told(self, install: Install) -> None:
        install("broken", "from arumaldo import Plugin\nplugin = Plugin(settings=dict)")
        with pytest.raises(ConfigError, match=r"its settings are not an arumaldo.PluginSettings class"):
            load_plugin("broken")

    def test_settings_that_take_the_hubs_own_key_are_told(self, install: Install) -> None:
        install("broken", HOSTING.replace("size: int", "sandbox: bool = False\n    size: int"))
        with pytest.raises(ConfigError, match='have a key "sandbox", which belongs to the hub'):
            load_plugin("broken")

    def test_two_packages_that_offer_one_name_are_both_told(self, install: Install) -> None:
        install("quill", AI)
        install("quill", AI, package="someone-elses")
        with pytest.raises(
            ConfigError, match="quill is offered by arumaldo-quill and someone-elses; uninstall all but"
        ):
            load_plugin("quill")

    @pytest.mark.parametrize("spec", ["", "module", "module:", ":Name"])
    def test_a_name_of_another_form_is_told(self, spec: str) -> None:
        with pytest.raises(ConfigError, match='does not have the form "module:Name"'):
            load(spec)

    @pytest.mark.parametrize("spec", ["not_there_at_all:Name", "arumaldo.money:Mony"])
    def test_a_name_that_leads_nowhere_is_told(self, spec: str) -> None:
        with pytest.raises(ConfigError, match=f"{spec} cannot be imported"):
            load(spec)


class TestPlugin:
    def test_a_good_plugin_has_nothing_wrong(self, install: Install) -> None:
        install("homestead", HOSTING)
        assert check_plugin("homestead", load_plugin("homestead")) == []

    def test_a_capability_that_this_hub_does_not_know_is_told(self, install: Install) -> None:
        install("castle", HOSTING.replace('"hosting"', '"hostin"'))
        assert check_plugin("castle", load_plugin("castle")) == [
            "the plugin castle serves hostin, which is no capability of this hub; did you mean hosting?"
        ]

    def test_a_provider_class_that_cannot_be_imported_is_told(self, install: Install) -> None:
        module = install("castle", HOSTING.replace("MODULE:Host", "MODULE:Haus"))
        (sentence,) = check_plugin("castle", load_plugin("castle"))
        assert sentence.startswith(
            f"the plugin castle cannot serve hosting: {module}:Haus cannot be imported (Attribute"
        )

    def test_a_provider_that_is_no_class_is_told(self, install: Install) -> None:
        install("castle", HOSTING.replace("MODULE:Host", "MODULE:plugin"))
        (sentence,) = check_plugin("castle", load_plugin("castle"))
        assert "serves hosting with a Plugin, which is not a class" in sentence


class TestProvider:
    def test_a_provider_with_every_hook_and_parameter_is_accepted(self) -> None:
        assert check_provider("acme", "hosting", Host) == []

    def test_inherited_static_and_class_hooks_count(self) -> None:
        class Child(Host):
            @staticmethod
            @hookimpl
            def get_site(site_id: str) -> None: ...
            @classmethod
            @hookimpl
            def remove_site(cls, site_id: str) -> None: ...

        assert check_provider("acme", "hosting", Child) == []

    def test_a_hook_under_another_name_counts(self) -> None:
        class Renamed(Host):
            get_site = None  # type: ignore[assignment]

            @hookimpl(specname="get_site")
            def look_up(self, site_id: str) -> None: ...

        assert check_provider("acme", "hosting", Renamed) == []

    def test_one_class_may_serve_two_capabilities(self) -> None:
        class Both(Host):
            @hookimpl
            def put_contact(self, person: object) -> None: ...

        assert check_provider("acme", "hosting", Both) == []
        assert check_provider("acme", "customers", Both) == []

    def test_an_unknown_capability_is_told(self) -> None:
        assert check_provider("acme", "cooking", Host) == [
            "the plugin acme serves cooking, which is no capability of this hub; "
            "there are ai, billing, customers, dns, email, events, hosting, payments"
        ]

    def test_a_missing_hook_is_told(self) -> None:
        class Short(Host):
            remove_site = None  # type: ignore[assignment]

        assert check_provider("acme", "hosting", Short) == [
            "the plugin acme: its hosting hook remove_site is missing; "
            "Short has to implement it and mark it with @hookimpl"
        ]

    def test_a_hook_that_was_not_marked_is_told(self) -> None:
        class Unmarked(Host):
            def remove_site(self, site_id: str) -> None: ...

        (sentence,) = check_provider("acme", "hosting", Unmarked)
        assert "remove_site is missing; Unmarked has to implement it and mark it with @hookimpl" in sentence

    def test_a_mere_wrapper_does_not_count_as_the_hook(self) -> None:
        class Wrapped(Host):
            @hookimpl(wrapper=True)
            def remove_site(self, site_id: str) -> None: ...

        (sentence,) = check_provider("acme", "hosting", Wrapped)
        assert "remove_site is missing" in sentence

    def test_a_dropped_parameter_is_told_by_name(self) -> None:
        class Dropped(Host):
            @hookimpl
            def create_site(self, label: str, owner_email: str) -> None: ...  # type: ignore[override]

        assert check_provider("acme", "hosting", Dropped) == [
            "the plugin acme: its hosting hook create_site does not take the parameter reference; "
            "it has to take reference, label, owner_email"
        ]

    def test_several_dropped_parameters_are_all_told(self) -> None:
        class Dropped(Host):
            @hookimpl
            def create_site(self, **rest: str) -> None: ...  # type: ignore[override]

        assert len(check_provider("acme", "hosting", Dropped)) == 3

    def test_a_parameter_with_a_default_is_told_because_it_is_never_handed_over(self) -> None:
        class Defaulted(Host):
            @hookimpl
            def create_site(self, reference: str, label: str, owner_email: str = "") -> None: ...

        (sentence,) = check_provider("acme", "hosting", Defaulted)
        assert "create_site gives the parameter owner_email a default" in sentence

    def test_a_parameter_behind_a_star_is_told(self) -> None:
        class Starred(Host):
            @hookimpl
            def get_site(self, *, site_id: str) -> None: ...  # type: ignore[override]

        (sentence,) = check_provider("acme", "hosting", Starred)
        assert "get_site has to take the parameter site_id plainly" in sentence

    def test_a_parameter_too_many_is_told(self) -> None:
        class Demanding(Host):
            @hookimpl
            def get_site(self, site_id: str, mood: str) -> None: ...  # type: ignore[override]

        (sentence,) = check_provider("acme", "hosting", Demanding)
        assert "get_site takes mood, which this hook does not have; it has site_id" in sentence

    def test_a_hook_that_nobody_will_ever_call_is_told(self) -> None:
        class Eager(Host):
            @hookimpl
            def create_sites(self, reference: str) -> None: ...

        assert check_provider("acme", "hosting", Eager) == [
            "the plugin acme: hosting has no hook create_sites; did you mean create_site?"
        ]


class TestCapability:
    @pytest.mark.parametrize("capability", CAPABILITIES.values(), ids=list(CAPABILITIES))
    def test_our_own_capabilities_keep_their_rules(self, capability: type) -> None:
        assert check_capability(capability) == []

    def test_a_hook_without_a_kind_is_told(self) -> None:
        class Shelves:
            def put(self, thing: str) -> None: ...
            @puts
            def well(self, thing: str) -> None: ...
            def _own(self) -> None: ...

        assert check_capability(Shelves) == [
            "the capability Shelves: its hook put is of no kind; mark it with @reads, @puts or @creates"
        ]

    @pytest.mark.parametrize(
        ("finder", "says"),
        [
            (lambda self, reference, shelf: [], ""),
            (lambda self, reference: [], ""),
            (lambda self, shelf: [], "is to be found again by find, which does not take reference"),
            (lambda self, reference, mood: [], "which asks for mood, a parameter that make lacks"),
        ],
    )
    def test_what_is_made_can_be_found_by_what_it_was_made_with(self, finder: Callable[..., object], says: str) -> None:
        class Shelves:
            find = reads(finder)

            @creates(find="find", sure_after=60)
            def make(self, reference: str, shelf: str) -> Made:
                raise NotImplementedError

        found = check_capability(Shelves)
        assert found == [] if not says else says in "".join(found)

    @pytest.mark.parametrize("find", ["nothing", "change"])
    def test_what_is_made_is_found_by_a_hook_that_reads(self, find: str) -> None:
        class Shelves:
            @creates(find=find, sure_after=60)
            def make(self, reference: str) -> Made:
                raise NotImplementedError

            @puts
            def change(self, reference: str) -> None: ...

        (sentence,) = check_capability(Shelves)
        assert f"make is to be found again by {find}, which is no @reads hook beside it" in sentence

    def test_what_is_made_begins_with_our_reference(self) -> None:
        class Shelves:
            @creates(find="find", sure_after=60)
            def make(self, shelf: str, reference: str) -> Made:
                raise NotImplementedError

            @reads
            def find(self, reference: str) -> list[Made]:
                raise NotImplementedError

        (sentence,) = check_capability(Shelves)
        assert "make makes something, so its first parameter has to be reference" in sentence
