"""Lines that IPython takes for a magic without its percent sign: ``pwd``, ``ls data``, ``pip install x``.

It does so where such a line is a cell's only one, and nothing is bound to the magic's name.
"""

from __future__ import annotations

import re

#: The line magics of a kernel, and its aliases of commands.
# fmt: off
NAMES = frozenset([
    "alias", "alias_magic", "autoawait", "autocall", "automagic", "autosave", "bookmark", "cat", "cd", "clear",
    "code_wrap", "colors", "conda", "config", "connect_info", "cp", "debug", "dhist", "dirs", "doctest_mode",
    "ed", "edit", "env", "gui", "hist", "history", "killbgscripts", "ldir", "less", "lf", "lk", "ll", "load",
    "load_ext", "loadpy", "logoff", "logon", "logstart", "logstate", "logstop", "ls", "lsmagic", "lx", "macro",
    "magic", "mamba", "man", "matplotlib", "micromamba", "mkdir", "more", "mv", "notebook", "page", "pastebin",
    "pdb", "pdef", "pdoc", "pfile", "pinfo", "pinfo2", "pip", "popd", "pprint", "precision", "prun", "psearch",
    "psource", "pushd", "pwd", "pycat", "pylab", "qtconsole", "quickref", "recall", "rehashx", "reload_ext",
    "rep", "rerun", "reset", "reset_selective", "rm", "rmdir", "run", "save", "sc", "set_env", "subshell", "sx",
    "system", "tb", "time", "timeit", "unalias", "unload_ext", "uv", "who", "who_ls", "whos", "xdel", "xmode",
])
# fmt: on
#: A word, and what is neither a part of it nor begins with what may make the line an assignment.
_LINE = re.compile(r"\s*(?P<name>[a-z]\w*)(?P<rest>(?![\w.*])(?!\s*[=,]).*)")


def called(text: str) -> tuple[str, str] | None:
    r"""Return the name and the rest of the magic that a cell calls if nothing has that name; None if none.

    >>> called("ls data"), called("ls = 1"), called("ls data\nx = 1")
    (('ls', 'data'), None, None)
    """
    lines = text.lstrip("\n").splitlines()
    found = _LINE.fullmatch(lines[0]) if len(lines) == 1 else None
    if found is None or found["name"] not in NAMES:
        return None
    return found["name"], found["rest"].strip()


def spelled_out(text: str) -> str:
    """Return a cell's text with the magic that it calls as Python, the lines counted as before."""
    found = called(text)
    if found is None:
        return text
    above = len(text) - len(text.lstrip("\n"))
    name, rest = found
    return "\n" * above + f"get_ipython().run_line_magic({name!r}, {rest!r})\n"
