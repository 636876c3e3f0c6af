"""A small shell, enough for the commands that are queued for a site, and strict: what it does not know is an error.

Lists with `;`, `&&`, `||`; pipelines; subshells; quotes, `$name`, `$(…)`; a few programs. Everything is text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_BLANKS = " \t\n"
_ENDS = ";|&()"


class ShellError(Exception):
    """The text cannot be run at all."""


class Exit(Exception):
    """`exit`, on its way to the edge of the subshell."""

    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class Part:
    """A piece of a word: text, a variable or a substitution."""

    text: str = ""
    name: str | None = None
    inner: List | None = None
    quoted: bool = False


Word = list[Part]


@dataclass
class Command:
    assignments: list[tuple[str, Word]]
    words: list[Word]
    inner: List | None = None


@dataclass
class List:
    """Pipelines, each with what has to be true before it runs: ";", "&&" or "||"."""

    steps: list[tuple[str, list[Command]]] = field(default_factory=list)


@dataclass
class State:
    """What a subshell inherits and keeps to itself."""

    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "/"

    def copy(self) -> State:
        return State(dict(self.variables), self.folder)


@dataclass(frozen=True)
class Run:
    """One call of a program."""

    args: list[str]
    stdin: str
    state: State
    complain: Callable[[str], None]
    """Writes a line to stderr."""


Program = Callable[[Run], tuple[int, str]]


class Shell:
    """Runs command lines with `programs`, which get what they need and answer (status, output)."""

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self._programs = programs

    def run(self, line: str, folder: str) -> str:
        """Everything the line prints, stdout and stderr, in the order in which it appears."""
        printed: list[str] = []
        try:
            script = Reader(line).script()
        except ShellError as error:
            return f"bash: {error}\n"
        Runner(self._programs, lambda text: printed.append(f"{text}\n")).run(script, State(folder=folder), printed)
        return "".join(printed)


class Reader:
    """Turns text into a `List`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def script(self) -> List:
        found = self._list()
        if self._at < len(self._text):
            raise self._surprise()
        return found

    def _list(self) -> List:
        steps: list[tuple[str, list[Command]]] = []
        before = ";"
        while True:
            self._skip_blanks()
            if self._peek() in ("", ")"):
                if before != ";":
                    raise self._surprise()
                return List(steps)
            steps.append((before, self._pipeline()))
            self._skip_blanks()
            before = self._take("&&") or self._take("||") or self._take(";")
            if not before:
                return List(steps)

    def _pipeline(self) -> list[Command]:
        commands = [self._command()]
        while not self._text.startswith("||", self._at) and self._take("|"):
            commands.append(self._command())
        return commands

    def _command(self) -> Command:
        self._skip_blanks()
        if self._take("("):
            inner = self._list()
            if not self._take(")"):
                raise self._surprise()
            self._skip_blanks()
            return Command([], [], inner)
        command = Command([], [])
        while self._peek() and self._peek() not in _ENDS:
            name = self._assigned_name() if not command.words else None
            if name:
                command.assignments.append((name, self._word()))
            else:
                command.words.append(self._word())
            self._skip_blanks()
        if not command.words and not command.assignments:
            raise self._surprise()
        return command

    def _assigned_name(self) -> str | None:
        start = self._at
        name = self._name()
        if name and self._take("="):
            return name
        self._at = start
        return None

    def _word(self) -> Word:
        parts: Word = []
        while self._peek() and self._peek() not in _BLANKS + _ENDS:
            match self._peek():
                case "'":
                    parts.append(Part(text=self._single_quoted(), quoted=True))
                case '"':
                    parts.extend(self._double_quoted())
                case "$":
                    parts.append(self._dollar(quoted=False))
                case "\\":
                    parts.append(Part(text=self._text[self._at + 1 : self._at + 2], quoted=True))
                    self._at += 2
                case sign if sign in "<>`*?~{}":
                    raise self._surprise()
                case sign:
                    parts.append(Part(text=sign))
                    self._at += 1
        return parts

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise ShellError("unexpected EOF while looking for matching `''")
        text, self._at = self._text[self._at + 1 : end], end + 1
        return text

    def _double_quoted(self) -> Word:
        self._at += 1
        parts: Word = [Part(quoted=True)]
        while (sign := self._peek()) != '"':
            if sign == "":
                raise ShellError("unexpected EOF while looking for matching `\"'")
            if sign == "$":
                parts.append(self._dollar(quoted=True))
            elif sign == "`":
                raise self._surprise()
            else:
                if sign == "\\" and self._text[self._at + 1 : self._at + 2] in tuple('$"\\`'):
                    self._at += 1
                parts.append(Part(text=self._peek(), quoted=True))
                self._at += 1
        self._at += 1
        return parts

    def _dollar(self, *, quoted: bool) -> Part:
        self._at += 1
        if self._take("("):
            inner = self._list()
            if not self._take(")"):
                raise self._surprise()
            return Part(inner=inner, quoted=quoted)
        name = self._name()
        if not name:
            raise self._surprise()
        return Part(name=name, quoted=quoted)

    def _name(self) -> str:
        start = self._at
        while self._peek().isascii() and (self._peek().isalnum() or self._peek() == "_"):
            self._at += 1
        return self._text[start : self._at]

    def _skip_blanks(self) -> None:
        while self._peek() and self._peek() in _BLANKS:
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, sign: str) -> str:
        if not self._text.startswith(sign, self._at):
            return ""
        self._at += len(sign)
        return sign

    def _surprise(self) -> ShellError:
        return ShellError(f"syntax error near unexpected token `{self._peek() or 'newline'}'")


class Runner:
    """Carries a `List` out."""

    def __init__(self, programs: Mapping[str, Program], complain: Callable[[str], None]) -> None:
        self._programs = programs
        self._complain = complain

    def run(self, script: List, state: State, printed: list[str]) -> int:
        """The status of a subshell; what it prints goes to `printed`. `exit` ends here."""
        try:
            return self._steps(script, state, printed)
        except Exit as end:
            return end.status

    def _steps(self, script: List, state: State, printed: list[str]) -> int:
        status = 0
        for before, pipeline in script.steps:
            if (before == "&&" and status != 0) or (before == "||" and status == 0):
                continue
            status = self._pipeline(pipeline, state, printed)
        return status

    def _pipeline(self, pipeline: list[Command], state: State, printed: list[str]) -> int:
        if len(pipeline) == 1:
            return self._command(pipeline[0], state, "", printed)
        status, flow = 0, ""
        for command in pipeline:
            out: list[str] = []
            try:
                status = self._command(command, state.copy(), flow, out)
            except Exit as end:
                status = end.status
            flow = "".join(out)
        printed.append(flow)
        return status

    def _command(self, command: Command, state: State, stdin: str, printed: list[str]) -> int:
        if command.inner is not None:
            return self.run(command.inner, state.copy(), printed)
        status = 0
        for name, word in command.assignments:
            # Before a program an assignment is its environment, which no program here heeds.
            text, status = self._text(word, state)
            if not command.words:
                state.variables[name] = text
        if not command.words:
            return status
        args = [field for word in command.words for field in self._fields(word, state)]
        if not args:
            return 0
        program = self._programs.get(args[0])
        if program is None:
            self._complain(f"bash: {args[0]}: command not found")
            return 127
        status, text = program(Run(args[1:], stdin, state, self._complain))
        printed.append(text)
        return status

    def _text(self, word: Word, state: State) -> tuple[str, int]:
        status, texts = 0, []
        for part in word:
            text, status = self._value(part, state, status)
            texts.append(text)
        return "".join(texts), status

    def _fields(self, word: Word, state: State) -> list[str]:
        """The arguments a word turns into: what stands outside quotes is split at blanks, and may vanish."""
        fields: list[str] = []
        current: str | None = None
        for part in word:
            text, _ = self._value(part, state, 0)
            if part.quoted or (part.name is None and part.inner is None):
                current = (current or "") + text
                continue
            pieces = text.split()
            for number, piece in enumerate(pieces):
                if number > 0 and current is not None:
                    fields.append(current)
                    current = None
                current = (current or "") + piece
        return fields if current is None else [*fields, current]

    def _value(self, part: Part, state: State, status: int) -> tuple[str, int]:
        if part.inner is not None:
            out: list[str] = []
            status = self.run(part.inner, state.copy(), out)
            return "".join(out).rstrip("\n"), status
        if part.name is not None:
            return state.variables.get(part.name, ""), status
        return part.text, status
