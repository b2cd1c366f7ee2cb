"""Functions and classes of well-known libraries by import path; the language of the specs is in `effects`.

``lib.part.*`` stands for what is not listed by name below ``lib.part``, ``lib.part.A*`` for capitalised names there
(classes), ``lib.part.a*`` for the others. What no row matches is unknown, so may change all that it is given.
"""

from __future__ import annotations

from jupyter_flows.capture.knowledge import arrays, frames, learning, plotting, standard
from jupyter_flows.capture.knowledge.learning import DETERMINISTIC

__all__ = ["CONSTANTS", "DETERMINISTIC", "SETTINGS", "STOP", "TABLE"]

#: Rows of these are complete: do not look for a wildcard further up.
STOP = frozenset({"numpy.random", "pandas.plotting", "pandas.io", "numpy.lib", "numpy.ma"})

TABLE: dict[str, str] = standard.TABLE | arrays.TABLE | frames.TABLE | plotting.TABLE | learning.TABLE

#: Attributes of libraries that are immutable constants (or classes used as such).
CONSTANTS = frozenset(
    [
        "math.pi",
        "math.e",
        "math.inf",
        "math.nan",
        "math.tau",
        "numpy.pi",
        "numpy.e",
        "numpy.inf",
        "numpy.nan",
        "numpy.newaxis",
        "numpy.NaN",
        "sys.version",
        "sys.version_info",
        "sys.platform",
        "sys.executable",
        "sys.maxsize",
        "sys.byteorder",
        "os.sep",
        "os.linesep",
        "os.name",
        "os.pathsep",
        "string.ascii_letters",
        "string.ascii_lowercase",
        "string.ascii_uppercase",
        "string.digits",
        "string.punctuation",
        "string.whitespace",
        "string.printable",
        "builtins.NotImplemented",
        "builtins.Ellipsis",
        "builtins.__name__",
        "builtins.__doc__",
        "builtins.__file__",
        "numpy.float64",
        "numpy.int64",
        "numpy.float32",
        "numpy.int32",
        "numpy.uint8",
        "numpy.bool_",
        "numpy.euler_gamma",
        "pandas.NA",
        "pandas.NaT",
        "numpy.__version__",
        "pandas.__version__",
        "sklearn.__version__",
        "matplotlib.__version__",
        "re.IGNORECASE",
        "re.I",
        "re.MULTILINE",
        "re.M",
        "re.DOTALL",
        "re.S",
        "re.VERBOSE",
        "re.X",
        "datetime.timezone.utc",
    ]
)

#: Objects inside libraries that cells set: the longest prefix tells the resource.
SETTINGS = {
    "matplotlib.pyplot.rcParams": "<rcparams>",
    "matplotlib.rcParams": "<rcparams>",
    "os.environ": "<environ>",
    "pandas.options": "<pandas.options>",
    "sys.path": "<sys.path>",
    "sys.argv": "<sys.argv>",
    "sys.stdout": "<stdout>",
    "sys.stderr": "<stderr>",
}
