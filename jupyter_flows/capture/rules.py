"""The rules of the analysis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the analysis, each of which tests switch off to see that it is needed."""

    read_after_write: bool = True
    write_after_read: bool = True
    write_after_write: bool = True
    #: Changing an object in place is a write.
    mutation: bool = True
    #: A name bound to an object that has a name already is the same object.
    aliases: bool = True
    #: Containers, instances and closures hold what was put into them.
    contents: bool = True
    #: Calling runs the code of the value that is called, by whatever route it came.
    carried_code: bool = True
    #: Functions look their globals up when called, in the one module.
    late_binding: bool = True
    #: Functions write globals.
    global_writes: bool = True
    #: Mutable defaults live as long as their function.
    defaults: bool = True
    #: Closures share the variables of the function around them.
    closures: bool = True
    #: Iterating over an iterator uses it up.
    iterators: bool = True
    #: Generators run their code when iterated, not when made.
    lazy_code: bool = True
    #: Attributes found on an instance's class run with the instance.
    methods: bool = True
    #: Operators, printing and iteration run an instance's special methods.
    special_methods: bool = True
    #: Code that is not known may change and link all it is given.
    unknown_calls: bool = True
    #: Slices, columns and transposes share data with what they are taken from.
    views: bool = True
    #: Hidden state (random generators, files, figures) is ordered like a name.
    resources: bool = True
    #: What nobody can follow is ordered against everything.
    barriers: bool = True


ALL_RULES = Rules()
