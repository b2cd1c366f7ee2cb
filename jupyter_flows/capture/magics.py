"""IPython's magics and shell escapes, as the calls that its transformer makes of them."""

# ruff: noqa: SLF001 -- the dispatch tables name methods of the class they belong to
from __future__ import annotations

import ast
import re

import jupyter_flows.capture.handmade
import jupyter_flows.capture.running_text  # noqa: F401 -- both register their functions with the libraries
from jupyter_flows.capture.expressions import VALUE
from jupyter_flows.capture.heap import NOTHING, Value
from jupyter_flows.capture.resources import FILES, SHELL, file_resource
from jupyter_flows.capture.rules import ALL_RULES, Rules
from jupyter_flows.capture.statements import Statements
from jupyter_flows.errors import CellSyntaxError

#: Magics that show something and change nothing.
_SHOWING = frozenset(
    [
        "html",
        "HTML",
        "javascript",
        "js",
        "latex",
        "markdown",
        "svg",
        "pinfo",
        "pinfo2",
        "psource",
        "pdoc",
        "pfile",
        "pdef",
        "pycat",
        "lsmagic",
        "quickref",
        "magic",
        "page",
        "tb",
        "autosave",
        "config_",
        "logstop",
        "hist",
        "history",
        "notebook",
        "pwd",
        "ls",
        "ll",
        "env_",
        "dirs",
        "date",
    ]
)
#: Magics that change how later cells run or show.
_SHELL_SETTINGS = frozenset(
    [
        "precision",
        "colors",
        "pprint",
        "xmode",
        "doctest_mode",
        "load_ext",
        "reload_ext",
        "unload_ext",
        "autoreload",
        "automagic",
        "alias_magic",
    ]
)
#: Magics whose text is Python of the cell.
_RUNNING = frozenset({"time", "prun", "capture", "memit", "mprun", "lprun"})
_REPEATING = frozenset({"timeit"})
_SETTINGS = frozenset({"matplotlib", "config"})
_SHELLS = frozenset(
    {"bash", "sh", "script", "sx", "system", "!", "cmd", "perl", "ruby", "pypy", "python", "python3", "python2"}
)
_INTERPOLATED = re.compile(r"\{([^{}]+)\}|\$([A-Za-z_]\w*)")


class Magics(Statements):
    """Evaluate ``get_ipython().…(…)``."""

    def __init__(self, rules: Rules = ALL_RULES) -> None:
        #: The Python inside magics, by call and text.
        self.parsed: dict[tuple[int, str], list[ast.stmt]] = {}
        super().__init__(rules)

    def _call(self, node: ast.Call) -> Value:
        function = node.func
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Call)
            and isinstance(function.value.func, ast.Name)
            and function.value.func.id == "get_ipython"
        ):
            return self._shell(function.attr, node)
        return super()._call(node)

    def _shell(self, method: str, node: ast.Call) -> Value:
        texts = [a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in node.args]
        if method in ("system", "getoutput", "getoutput_", "system_raw", "system_piped"):
            return self._command(texts[0] if texts else None, node)
        if method == "magic" and texts and texts[0]:
            name, _, line = texts[0].partition(" ")
            return self._magic(name.lstrip("%"), line, None, node)
        match texts:
            case [str() as called, text] if method == "run_line_magic":
                return self._magic(called, text or "", None, node)
            case [str() as called, text, body] if method == "run_cell_magic":
                return self._magic(called, text or "", body or "", node)
        if method in ("set_next_input", "show_usage"):
            return NOTHING
        return self.lose_track(f"asks IPython to {method}")

    def _magic(  # noqa: PLR0911 -- one return a sort of magic
        self, name: str, line: str, body: str | None, node: ast.Call
    ) -> Value:
        if name in _RUNNING:
            return self._run_text(name, line, body, node)
        if name in _REPEATING:
            self.repeat(lambda: self._silently(name, line, body, node), weak=True)
            return NOTHING
        if name in _SHELL_SETTINGS:
            self.resources.use(SHELL)
            return NOTHING
        if name in _SHOWING:
            self._interpolate(line, node)
            return NOTHING
        if name in _SETTINGS:
            self.resources.use("<rcparams>")
            return NOTHING
        if name in ("writefile", "file", "%writefile"):
            self._interpolate(line, node)
            self.resources.use(file_resource(line.rsplit(maxsplit=1)[-1] if line.split() else None))
            return NOTHING
        if name in ("env", "set_env"):
            self._interpolate(line, node)
            self.resources.use("<environ>") if "=" in line or name == "set_env" else self.resources.read("<environ>")
            return NOTHING
        if name in ("pip", "conda", "mamba", "uv"):
            return self._command(line, node)
        if name in _SHELLS or name in ("cd", "pushd", "popd"):
            self._interpolate(line, node)
            self.barrier(f"runs the magic %{name}, whose effects nobody can follow")
            self.resources.use(FILES)
            return NOTHING
        return self.lose_track(f"runs the magic %{name}, whose effects nobody can follow")

    def _silently(self, name: str, line: str, body: str | None, node: ast.Call) -> None:
        self._run_text(name, line, body, node)

    def _run_text(self, name: str, line: str, body: str | None, node: ast.Call) -> Value:
        text = body if body is not None else _without_options(line)
        statements = self.python_in(node, text, below=body is not None)
        if name == "capture" and body is not None:
            words = [w for w in line.split() if not w.startswith("-")]
            if words and words[0].isidentifier():
                self.bind(words[0], frozenset((self.new(node, "tuple").id,)))
        if body is not None and name in _REPEATING and line.strip():
            self.block(self.python_in(node, line, below=False))
        if body is None and len(statements) == 1 and isinstance(statements[0], ast.Expr):
            value = self.value(statements[0].value)
            self.touch(value)
            return value
        self.block(statements)
        return NOTHING

    def python_in(self, node: ast.Call, text: str, *, below: bool) -> list[ast.stmt]:
        """Parse the Python in a magic once, at the lines where it stands."""
        from jupyter_flows.capture.source import parse

        key = (id(node), text)
        found = self.parsed.get(key)
        if found is None:
            try:
                tree = parse(text)
            except CellSyntaxError:
                self.lose_track("holds text after a magic that is not Python")
                return []
            ast.increment_lineno(tree, node.lineno - (0 if below else 1))
            found = self.parsed[key] = tree.body
        return found

    def _command(self, command: str | None, node: ast.Call) -> Value:
        """Run a shell command: it may read and write files, and see the environment."""
        if command is not None:
            self._interpolate(command, node)
            if re.match(r"\s*cd\b", command):
                self.barrier("changes the working directory")
        self.resources.use(FILES)
        self.resources.read("<environ>")
        return frozenset((self.new(node, "list").id,))

    def _interpolate(self, text: str, node: ast.Call) -> None:
        """Read the names that IPython puts into a command: ``{name}`` and ``$name``."""
        for match in _INTERPOLATED.finditer(text):
            expression = match[1] or match[2]
            try:
                ast.parse(expression, mode="eval")
            except SyntaxError:
                continue
            for statement in self.python_in(node, expression, below=False):
                if isinstance(statement, ast.Expr) and self._known_names(statement.value):
                    self.touch(self.value(statement.value))

    def _known_names(self, node: ast.expr) -> bool:
        """Tell shell variables from the notebook's."""
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return bool(names) and all(name in self.module.vars for name in names)


def python_of(node: ast.Call) -> tuple[str, str, bool] | None:
    """Return the name and text of a magic that runs Python in the notebook's module, and if it stands below it."""
    match [a.value if isinstance(a, ast.Constant) else None for a in node.args]:
        case [str() as name, str(), str() as body] if name in _RUNNING | _REPEATING:
            return name, body, True
        case [str() as name, str() as line] if name in _RUNNING | _REPEATING:
            return name, _without_options(line), False
    return None


def _without_options(line: str) -> str:
    return re.sub(r"^(\s*-{1,2}\w+(\s+\d+)?)*\s*", "", line)


VALUE[ast.Call] = Magics._call
