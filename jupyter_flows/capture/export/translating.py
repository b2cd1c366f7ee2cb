"""A cell's text as plain Python: magics, commands and the value shown at its end."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from jupyter_flows.capture import source
from jupyter_flows.capture.code import SHELL_NAMES, ends_silent
from jupyter_flows.capture.export.editing import Edits, commented, end_of, start_of, trimmed
from jupyter_flows.core import canonical

#: Line magics that a script can do without: they arrange the display, or only measure and help.
_DROPPED = frozenset(
    {"matplotlib", "config", "load_ext", "reload_ext", "unload_ext", "autoreload", "timeit", "pinfo", "pinfo2",
     "psource", "pdoc", "pfile", "pdef", "precision", "xmode", "colors", "lsmagic", "automagic", "autosave",
     "doctest_mode"}
)  # fmt: skip
#: Cell magics that measure the Python below them.
_MEASURING = frozenset({"time", "prun", "memit"})
#: Commands that ready the environment, which a script's user does once.
_INSTALLING = frozenset({"pip", "conda", "mamba", "uv"})
#: Calls whose value is known to be none, so that showing it says nothing.
_SHOW_NOTHING = frozenset({"print", "display"})
#: Calls that reach the module's names by text, and what they become inside a function.
_MODULE_WIDE = {"locals": "globals", "vars": "globals"}


@dataclass(slots=True)
class Plain:
    """A cell as Python that runs anywhere."""

    text: str
    tree: ast.Module
    #: Names of `jupyter_flows.script` that the text uses.
    helpers: set[str] = field(default_factory=set)
    #: ``from __future__`` lines, which have to stand at the top of a file.
    future: list[str] = field(default_factory=list)


class CannotExport(Exception):
    """Why a cell can't be a function, and on which line."""

    def __init__(self, line: int | None, reason: str):
        self.line, self.reason = line, reason
        super().__init__(reason)


def plain(code: str, ordinal: int, bound: Collection[str], word: Callable[[str], str]) -> Plain:
    """Translate a cell; raises `CannotExport`.

    `bound` are all names that the notebook binds, `word` gives the name by which the script calls a helper.
    """
    text, helpers = _without_magics(code, ordinal, word)
    tree = canonical.parse(text)
    _refuse(tree, bound)
    if "display" not in bound and any(isinstance(n, ast.Name) and n.id == "display" for n in ast.walk(tree)):
        helpers.add("display")
    text, future = _without_future(text, tree)
    tree = canonical.parse(text)
    edits = Edits(text)
    _module_wide(tree, edits, bound)
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not ends_silent(code):
        _show_last(tree.body[-1], edits, bound, word, helpers)
    text = edits.apply() if edits else text
    return Plain(trimmed(text), canonical.parse(trimmed(text)), helpers, future)


# -- magics ------------------------------------------------------------------------------------------


def python_of(code: str) -> str:
    """Return a cell without a cell magic that only measures its Python."""
    first = _first_line(code)
    words = first[2:].split(maxsplit=1)
    plain_line = len(words) == 1 or (len(words) > 1 and words[1].startswith("-"))
    if first.startswith("%%") and words and words[0] in _MEASURING and plain_line:
        return "\n".join(commented(line) if line.strip() == first else line for line in code.split("\n"))
    return code


def _first_line(code: str) -> str:
    return next((line.strip() for line in code.split("\n") if line.strip(" #")), "")


def _without_magics(code: str, ordinal: int, word: Callable[[str], str]) -> tuple[str, set[str]]:
    code = python_of(code)
    first = _first_line(code)
    if first.startswith("%%"):
        raise CannotExport(None, f"the cell magic {first.split()[0]} has no place in a script")
    text = source.transform(code)
    magics = _Magics(Edits(text), word)
    tree = source.parse(code, ordinal=ordinal)
    top = {id(node) for node in tree.body}
    for statement in [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]:
        value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
        call = _shell_call(value)
        if call is not None and isinstance(value, ast.expr):
            magics.translate(statement, value, call, at_top=id(statement) in top)
    return magics.edits.apply() if magics.edits else text, magics.helpers


def _shell_call(node: ast.AST | None) -> tuple[str, list[str]] | None:
    """Return method and arguments of what IPython makes of magics and commands."""
    match node:
        case ast.Call(ast.Attribute(ast.Call(ast.Name("get_ipython"), [], []), method), arguments, []):
            texts = [a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            return (method, texts) if len(texts) == len(arguments) else None
    return None


@dataclass(slots=True)
class _Magics:
    """Magics and commands of a cell being written as Python."""

    edits: Edits
    word: Callable[[str], str]
    helpers: set[str] = field(default_factory=set)

    def translate(self, statement: ast.stmt, value: ast.expr, call: tuple[str, list[str]], *, at_top: bool) -> None:
        """Write one, or raise `CannotExport`."""
        alone = isinstance(statement, ast.Expr)
        match call:
            case ("run_line_magic", [("time" | "prun"), line]):
                self.edits.replace(value, line if alone else f"({line})")
            case ("run_line_magic", [name, line]) if alone and name in _DROPPED | _INSTALLING:
                note = f"# %{name} {line}".rstrip().replace("\n", " ")
                note += ": install it before this script runs" if name in _INSTALLING else ""
                self.edits.replace(statement, note if at_top else f"pass  {note}")
            case ("system" | "getoutput", [command]):
                if "{" in command or "$" in command:
                    raise CannotExport(statement.lineno, f"the command `{command}` may name variables by `$` or braces")
                helper = "sh" if call[0] == "system" else "output_of"
                self.helpers.add(helper)
                self.edits.replace(value, f"{self.word(helper)}({command!r})")
            case ("run_line_magic", [name, _]):
                raise CannotExport(statement.lineno, f"the magic %{name} has no place in a script")
            case (method, _):
                raise CannotExport(statement.lineno, f"get_ipython().{method} has no place in a script")


# -- what a function can't hold ------------------------------------------------------------------------


def _refuse(tree: ast.Module, bound: Collection[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and _is_shells(node.id, bound):
            raise CannotExport(node.lineno, f"`{node.id}` is IPython's and not there in a script")
    for node in _own_level(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dir" and not node.args:
            raise CannotExport(node.lineno, "`dir()` would list the script's own names too")
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or bool(getattr(node, "is_async", False)):
            raise CannotExport(getattr(node, "lineno", None), "`await` outside of a function has no place in a script")


def _is_shells(name: str, bound: Collection[str]) -> bool:
    return name not in bound and name != "display" and SHELL_NAMES.fullmatch(name) is not None


def _own_level(tree: ast.Module) -> Iterator[ast.AST]:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)


def _without_future(text: str, tree: ast.Module) -> tuple[str, list[str]]:
    edits, found = Edits(text), []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            found.append(ast.unparse(node))
            edits.replace(node, "# " + ast.unparse(node))
    return (edits.apply(), found) if found else (text, found)


def without_annotations(text: str, names: Collection[str]) -> str:
    """Drop the annotations of names that a function declares `global`, which Python does not allow together."""
    tree, edits = canonical.parse(text), Edits(text)
    inside = {id(n) for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in ast.walk(c)}
    for node in _own_level(tree):
        if (
            id(node) not in inside
            and isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id in names
        ):
            if node.value is None:
                edits.replace(node, f"pass  # {edits.text_of(node)}".replace("\n", " "))
            else:
                edits.cut(end_of(node.target), end_of(node.annotation))
    return edits.apply() if edits else text


def _module_wide(tree: ast.Module, edits: Edits, bound: Collection[str]) -> None:
    """Let code that is text, and looks names up by text, do so in the module, as in a cell."""
    for node in _own_level(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id in bound:
            continue
        if node.func.id in _MODULE_WIDE and not node.args:
            edits.replace(node.func, _MODULE_WIDE[node.func.id])
        elif node.func.id in ("exec", "eval") and len(node.args) == 1 and not node.keywords:
            edits.insert(end_of(node.args[0]), ", globals()")


# -- what a cell shows ---------------------------------------------------------------------------------


def _show_last(
    node: ast.Expr, edits: Edits, bound: Collection[str], word: Callable[[str], str], helpers: set[str]
) -> None:
    value = node.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        own = {word(helper) for helper in helpers - {"display"}}
        if value.func.id in _SHOW_NOTHING - set(bound) or value.func.id in own - {word("output_of")}:
            return
    pair = not _is_one_argument(value, edits.text_of(node))
    helpers.add("show")
    edits.insert(start_of(node), f"{word('show')}(" + ("(" if pair else ""))
    edits.insert(end_of(node), ")" + (")" if pair else ""))


def _is_one_argument(value: ast.expr, text: str) -> bool:
    """Tell whether an expression stays the same one value between the brackets of a call; ``x,`` would not."""
    match canonical.parse(f"f({text}\n)").body:
        case [ast.Expr(ast.Call(_, [argument], []))]:
            return type(argument) is type(value) and not isinstance(argument, ast.Starred)
    return False
