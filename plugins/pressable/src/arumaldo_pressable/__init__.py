"""WordPress hosting at Pressable."""

from arumaldo import Plugin
from arumaldo_pressable.settings import Settings

plugin = Plugin(
    settings=Settings,
    provides={"hosting": "arumaldo_pressable.hosting:PressableHosting"},
    sandbox="arumaldo_pressable.sandbox:PressableSandbox",
    check="arumaldo_pressable.check:check",
)
