"""Library calls that need a hand of their own: laziness, copies, figures, splits."""

# ruff: noqa: ARG001 -- the entries of a table take the same arguments
from __future__ import annotations

import ast
import re
from functools import partial

from jupyter_flows.capture.effects import function_effect
from jupyter_flows.capture.heap import ANY, NOTHING, Value
from jupyter_flows.capture.knowledge.functions import DETERMINISTIC
from jupyter_flows.capture.libraries import Libraries
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import FILES, NUMPY_RANDOM, SHELL, file_resource

#: Names in a text that is computed.
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")

#: Ways to the shell.
SHELLS = (
    "builtins.get_ipython",
    "IPython.get_ipython",
    "IPython.core.getipython.get_ipython",
    "IPython.core.interactiveshell.InteractiveShell.instance",
)


def _next(calls: Libraries, args: Args, node: object) -> Value:
    first = args.positional[0] if args.positional else args.all()
    return calls.iterate(first, node).union(*args.positional[1:])


def _iter(calls: Libraries, args: Args, node: object) -> Value:
    if len(args.positional) > 1:
        return calls.lazy(node, "map", args.positional[0], [args.positional[1]])
    own = frozenset(o.id for o in calls.objects(args.all()) if o.kind in ("iterator", "unknown"))
    return own | calls.lazy(node, "iter", None, [args.all() - own]) if args.all() != own or not own else own


def _zip(calls: Libraries, args: Args, node: object) -> Value:
    return calls.lazy(node, "zip", None, [*args.positional, args.rest or NOTHING])


def _map(calls: Libraries, args: Args, node: object) -> Value:
    return calls.lazy(
        node, "map", args.positional[0] if args.positional else NOTHING, [*args.positional[1:], args.rest or NOTHING]
    )


def _filter(calls: Libraries, args: Args, node: object) -> Value:
    return calls.lazy(node, "filter", args.positional[0] if args.positional else NOTHING, args.positional[1:])


def _getattr(calls: Libraries, args: Args, node: object) -> Value:
    name = args.constant(1)
    target = args.positional[0] if args.positional else args.all()
    if isinstance(name, str) and isinstance(node, ast.AST):
        return calls.attribute(target, name, node).union(*args.positional[2:])
    if any(o.kind == "api" for o in calls.objects(target)):
        calls.barrier("looks an attribute of a module up by a computed name")
    return calls.havoc(target, node) | args.all()


def _setattr(calls: Libraries, args: Args, node: object) -> Value:
    name = args.constant(1)
    if args.positional:
        calls.set_attribute(
            args.positional[0], name if isinstance(name, str) else ANY, NOTHING.union(*args.positional[1:])
        )
    return NOTHING


def _type(calls: Libraries, args: Args, node: object) -> Value:
    if len(args.positional) == 1:
        objs = calls.objects(args.positional[0])
        known = NOTHING.union(*(calls.heap.load(o.id, "<class>") for o in objs if o.kind == "instance"))
        return known if known and all(o.kind == "instance" for o in objs) else known | calls.api("builtins.type()")
    return calls.lose_track("makes a class while running")


def _open(calls: Libraries, args: Args, node: object) -> Value:
    mode = args.constant(1, "mode")
    reads = (not args.positional[1:] and "mode" not in args.keywords) or (
        isinstance(mode, str) and not set(mode) & set("wax+")
    )
    calls.touch(args.all())
    path = args.constant(0, "file")
    made = calls.new(node, "file")
    if reads:
        calls.resources.read(file_resource(path))
    else:
        calls.resources.use(file_resource(path))
        made.touches |= {file_resource(path)}
    return frozenset((made.id,))


def _copy(calls: Libraries, args: Args, node: object) -> Value:
    calls.touch(args.all())
    copies: dict[int, int] = {}
    objs = [
        o
        for o in calls.heap.reach(args.all())[0]
        if calls.heap.objs[o].kind not in ("function", "class", "api", "closure", "scope")
    ]
    shallow = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("copy.copy")
    for number in args.all() if shallow else objs:
        old = calls.heap.objs[number]
        made = calls.new(node, old.kind, "copy", number)
        made.data, made.touches = old.data, old.touches
        copies[number] = made.id
    # What a shallow copy holds is what the first one holds: for an object that stands for many, these too.
    inside = {} if shallow else copies
    for number, copied in copies.items():
        blob = calls.heap.region(number).blob
        for name, held in calls.heap.objs[number].fields.items():
            calls.hold(calls.heap.objs[copied], frozenset(inside.get(o, o) for o in held), name)
        if blob is not None:
            calls.hold(calls.heap.objs[copied], frozenset((inside.get(blob, blob),)))
    return frozenset(copies.get(o, o) for o in args.all())


def _partial(calls: Libraries, args: Args, node: object) -> Value:
    made = calls.new(node, "partial")
    made.data = args
    calls.hold(made, args.all())
    if not args.positional:
        return calls.havoc(args.all(), node)
    return frozenset((made.id,))


def _record(calls: Libraries, args: Args, node: object) -> Value:
    calls.touch(args.all())
    return frozenset((calls.new(node, "record").id,))


def _defaultdict(calls: Libraries, args: Args, node: object) -> Value:
    made = calls.new(node, "defaultdict")
    calls.touch(args.all())
    calls.hold(made, args.positional[0] if args.positional else NOTHING, "<factory>")
    calls.hold(
        made, calls.heap.inner(NOTHING.union(args.rest or NOTHING, *args.positional[1:], *args.keywords.values()))
    )
    return frozenset((made.id,))


def _evaluate(path: str, calls: Libraries, args: Args, node: object) -> Value:
    """Compute what a text says, with names of the notebook."""
    calls.read_text(args, "expr" if path.startswith("pandas.") else "ex", IDENTIFIER, certain=True)
    calls.touch(args.all())
    made = calls.new(node, "pandas")
    calls.write_out(args)
    return frozenset((made.id,))


def _subplots(calls: Libraries, args: Args, node: object) -> Value:
    calls.touch(args.all())
    if "num" in args.keywords or args.rest is not None:
        calls.draw(args)
    else:
        calls.new_figure()
    figure, axes = calls.new(node, "figure"), calls.new(node, "axes")
    calls.hold(figure, frozenset((axes.id,)))
    calls.hold(axes, frozenset((figure.id,)))
    pair = calls.new(node, "tuple", "pair")
    calls.hold(pair, frozenset((figure.id,)), "[0]")
    calls.hold(pair, frozenset((axes.id,)), "[1]")
    return frozenset((pair.id,))


def _figure(calls: Libraries, args: Args, node: object) -> Value:
    calls.touch(args.all())
    if args.positional or "num" in args.keywords or args.rest is not None:
        calls.draw(args)
    else:
        calls.new_figure()
    return frozenset((calls.new(node, "figure").id,))


def _grid(calls: Libraries, path: str, args: Args, node: object) -> Value:
    calls.touch(args.all())
    calls.new_figure()
    made = calls.new(node, "axes")
    calls.hold(made, args.all())
    return frozenset((made.id,))


def _estimator(calls: Libraries, path: str, args: Args, node: object) -> Value:
    calls.touch(args.all())
    if any(word.startswith("copy") and args.constant(-1, word) is not True for word in args.keywords):
        return calls.havoc(args.all(), node)  # it will change what it is given
    made = calls.new(node, "estimator")
    seeded = "random_state" in args.keywords and args.constant(-1, "random_state") is not None
    seeded = seeded or ("random_state" in args.keywords and not calls.literal(args))
    plain = path.rpartition(".")[2] in DETERMINISTIC and not {"solver", "probability", "shuffle", "selection"} & set(
        args.keywords
    )
    made.data = (not (seeded or plain), path.startswith("sklearn.pipeline."))
    calls.hold(made, args.all() | calls.heap.inner(args.all()))
    return frozenset((made.id,))


def _split(calls: Libraries, args: Args, node: object) -> Value:
    calls.touch(args.all())
    seeded = "random_state" in args.keywords and (
        args.constant(-1, "random_state") is not None or not calls.literal(args)
    )
    if not seeded and args.constant(-1, "shuffle") is not False:
        calls.resources.use(NUMPY_RANDOM)
    calls.write_out(args)
    made = calls.new(node, "list")
    for index, value in enumerate(args.positional):
        objs = calls.objects(value)
        kinds = {o.kind for o in objs} or {"ndarray"}
        for half in (0, 1):
            part = calls.new(node, kinds.pop() if len(kinds) == 1 else "unknown", index, half)
            kinds = {o.kind for o in objs} or {"ndarray"}
            calls.hold(part, calls.heap.inner(value))
            calls.hold(made, frozenset((part.id,)), f"[{2 * index + half}]")
    if args.rest:
        calls.hold(made, calls.havoc(args.rest, node))
    return frozenset((made.id,))


def _wrap(calls: Libraries, path: str, args: Args, node: object) -> Value:
    if not args.positional:
        return calls.lazy(node, "wrap", None, [args.all()])
    made = calls.new(node, "iterator")
    made.data = ("some", NOTHING, [args.positional[0]], node)
    calls.hold(made, args.all())
    return frozenset((made.id,))


def _shell(calls: Libraries, args: Args, node: object) -> Value:
    """Give a handle of what decides how later cells run and show: formatters, events, options."""
    made = calls.heap.make(("the shell",), "context")
    made.touches = frozenset((SHELL,))
    return frozenset((made.id,))


def _next_frames(path: str, calls: Libraries, args: Args, node: object) -> Value:
    known = function_effect(path)
    if known is None:
        return calls.havoc(args.all(), node)
    if {"chunksize", "iterator"} & set(args.keywords):
        calls.apply(known, NOTHING, args, node, name=path)
        made = calls.new(node, "iterator", "chunks")
        made.touches = frozenset((FILES,))
        part = calls.new(node, "pandas", "chunk")
        calls.hold(made, frozenset((part.id,)))
        return frozenset((made.id,))
    return calls.apply(known, NOTHING, args, node, name=path)


def _configured(path: str, calls: Libraries, args: Args, node: object) -> Value:
    """Give back what is decorated, or the decorator when it is only being set up."""
    calls.touch(args.all())
    return args.positional[0] if args.positional and args.positional[0] else calls.api(path)


Libraries.SPECIAL.update(
    {
        "builtins.next": _next,
        "builtins.anext": _next,
        "builtins.iter": _iter,
        "builtins.aiter": _iter,
        "builtins.reversed": _iter,
        "builtins.enumerate": _zip,
        "builtins.zip": _zip,
        "builtins.map": _map,
        "builtins.filter": _filter,
        "builtins.getattr": _getattr,
        "builtins.setattr": _setattr,
        "builtins.type": _type,
        "builtins.open": _open,
        "copy.copy": _copy,
        "copy.deepcopy": _copy,
        "sklearn.base.clone": _copy,
        "functools.partial": _partial,
        "pandas.eval": partial(_evaluate, "pandas.eval"),
        "numexpr.evaluate": partial(_evaluate, "numexpr.evaluate"),
        "collections.namedtuple": _record,
        "typing.NewType": _record,
        "collections.defaultdict": _defaultdict,
        "matplotlib.pyplot.subplots": _subplots,
        "matplotlib.pyplot.subplot_mosaic": _subplots,
        "matplotlib.pyplot.figure": _figure,
        "sklearn.model_selection.train_test_split": _split,
        "pandas.read_csv": partial(_next_frames, "pandas.read_csv"),
        "pandas.read_table": partial(_next_frames, "pandas.read_table"),
        "pandas.read_json": partial(_next_frames, "pandas.read_json"),
    }
)
Libraries.SPECIAL.update(dict.fromkeys(SHELLS, _shell))
Libraries.SHAPES.update({"estimator": _estimator, "wrap": _wrap, "grid": _grid})
Libraries.SPECIAL.update(
    {
        path: partial(_configured, path)
        for path in ("dataclasses.dataclass", "functools.lru_cache", "functools.cache", "numba.jit", "numba.njit")
    }
)
