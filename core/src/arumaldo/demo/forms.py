"""An HTML page as a browser's user meets it: its text, its frames, and its forms with their controls and buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

Answers = Mapping[str, str | Sequence[str]]
"""Field name → what to type or choose; a list for a group of boxes."""

_UNSENT = {"submit", "button", "image", "reset", "file"}
_VOID = {"input", "br", "img", "meta", "link", "hr", "source", "area", "col", "wbr", "base", "embed", "track"}
_UNSEEN = {"script", "style", "template", "noscript"}
_HEADINGS = {"h1", "h2", "h3"}


@dataclass
class Control:
    """One field of a form; radio buttons and boxes of one group are several controls of one name."""

    name: str
    kind: str
    value: str = ""
    on: bool = False
    """Ticked or chosen as the page came."""
    required: bool = False
    options: list[tuple[str, bool]] = field(default_factory=list)
    """Of a select: value, and whether it is chosen as the page came."""


@dataclass
class Button:
    label: str
    name: str = ""
    value: str = ""


@dataclass
class Form:
    attributes: dict[str, str]
    controls: list[Control] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """The names of everything that can be sent."""
        return {control.name for control in self.controls} | {button.name for button in self.buttons if button.name}

    def button(self, label: str) -> Button | None:
        """The button that carries this label, in any case."""
        return next((button for button in self.buttons if button.label.lower() == label.lower()), None)

    def filled(self, answers: Answers, button: Button | None = None) -> list[tuple[str, str]]:
        """What a browser would send after a person gave these answers and pressed the button (default: the first).

        What is not answered stays as the page came; a choice that must be made is made for the first possibility.
        """
        sent = [pair for control in self.controls for pair in self._sent(control, answers)]
        pressed = button or next(iter(self.buttons), None)
        return [*sent, (pressed.name, pressed.value)] if pressed and pressed.name else sent

    def _sent(self, control: Control, answers: Answers) -> list[tuple[str, str]]:
        answer = answers.get(control.name)
        wanted = [answer] if isinstance(answer, str) else list(answer or ())
        match control.kind:
            case "radio":
                values = [control.value] if control is self._chosen(control.name, wanted) else []
            case "checkbox":
                ticked = control.value in wanted or control.required or (control.on and answer is None)
                values = [control.value] if ticked else []
            case "select":
                values = [_option(control, wanted)]
            case _:
                values = [", ".join(wanted) if answer is not None else control.value]
        return [(control.name, value) for value in values]

    def _chosen(self, name: str, wanted: Sequence[str]) -> Control:
        group = [control for control in self.controls if control.name == name and control.kind == "radio"]
        asked = [control for control in group if control.value in wanted]
        return next(iter([*asked, *(control for control in group if control.on), *group]))


def _option(control: Control, wanted: Sequence[str]) -> str:
    asked = [value for value, _ in control.options if value in wanted]
    chosen = [value for value, on in control.options if on and value]
    return next(iter([*asked, *chosen, *(value for value, _ in control.options if value)]), "")


class Page(HTMLParser):
    """A parsed page. Broken HTML does no harm: what is not understood is passed over."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.frames: list[str] = []
        """The addresses of its frames."""
        self.links: list[str] = []
        """Where its links lead."""
        self.headings: list[str] = []
        self.alerts: list[str] = []
        """What the page says is wrong."""
        self._words: list[str] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._by_id: dict[str, Form] = {}
        self._waiting: list[tuple[str, Control | Button]] = []
        self._form: Form | None = None
        self._select: Control | None = None
        self.feed(html)
        self.close()
        self._join()

    @property
    def text(self) -> str:
        """All visible words, with single spaces between."""
        return one_line(" ".join(self._words))

    def form(self, *names: str, button: str | None = None) -> Form | None:
        """The first form with all these fields, and with this button where one is named."""
        for form in self.forms:
            if set(names) <= form.names and (button is None or form.button(button)):
                return form
        return None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(attributes)
            self.forms.append(self._form)
            self._by_id[attributes.get("id", "")] = self._form
        elif tag == "iframe" and "src" in attributes:
            self.frames.append(attributes["src"])
        elif tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag == "input":
            self._input(attributes)
        elif tag == "select":
            self._select = Control(attributes.get("name", ""), "select")
            self._add(attributes, self._select)
        elif tag == "option":
            self._end_open("option")
        if tag not in _VOID:
            self._open.append((tag, attributes, []))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == open_tag for open_tag, _, _ in self._open):
            while self._close_innermost() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not any(tag in _UNSEEN for tag, _, _ in self._open):
            self._words.append(data)
        for _, _, words in self._open:
            words.append(data)

    def _end_open(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            self._close_innermost()

    def _close_innermost(self) -> str:
        tag, attributes, words = self._open.pop()
        text = "".join(words)
        if tag == "form":
            self._form = None
        elif tag in _HEADINGS:
            self.headings.append(one_line(text))
        elif tag == "textarea":
            self._add(attributes, Control(attributes.get("name", ""), "textarea", text.removeprefix("\n")))
        elif tag == "option":
            self._option(attributes, one_line(text))
        elif tag == "button" and attributes.get("type", "submit") == "submit":
            self._button(attributes, one_line(text) or attributes.get("aria-label", ""))
        if attributes.get("role") == "alert" or "invalid-feedback" in attributes.get("class", "").split():
            self.alerts.append(one_line(text))
        return tag

    def _input(self, attributes: dict[str, str]) -> None:
        kind = attributes.get("type", "text").lower()
        if kind == "submit":
            self._button(attributes, attributes.get("value", ""))
        elif kind not in _UNSENT:
            default = "on" if kind in ("checkbox", "radio") else ""
            value = attributes.get("value", default)
            self._add(attributes, Control(attributes.get("name", ""), kind, value, "checked" in attributes))

    def _option(self, attributes: dict[str, str], text: str) -> None:
        if self._select:
            self._select.options.append((attributes.get("value", text), "selected" in attributes))

    def _button(self, attributes: dict[str, str], label: str) -> None:
        self._place(attributes, Button(label, attributes.get("name", ""), attributes.get("value", "")))

    def _add(self, attributes: dict[str, str], control: Control) -> None:
        if control.name:
            control.required = "required" in attributes
            self._place(attributes, control)

    def _place(self, attributes: dict[str, str], part: Control | Button) -> None:
        if "disabled" in attributes:
            return
        if "form" in attributes:
            self._waiting.append((attributes["form"], part))
        elif self._form:
            _put(self._form, part)

    def _join(self) -> None:
        """Controls and buttons that stand outside name their form, which may come later in the page."""
        for name, part in self._waiting:
            if name in self._by_id:
                _put(self._by_id[name], part)


def _put(form: Form, part: Control | Button) -> None:
    if isinstance(part, Control):
        form.controls.append(part)
    else:
        form.buttons.append(part)


def one_line(text: str) -> str:
    """The words of a text with single spaces between."""
    return " ".join(text.split())
