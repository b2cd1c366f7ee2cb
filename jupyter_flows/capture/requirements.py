"""From imported modules to the distributions that they came from, pinned to the versions installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.installed import Distribution, distributions_of, find_distribution


@dataclass(frozen=True, slots=True)
class Requirements:
    """What has to be installed where a flow runs."""

    #: ``pandas==3.1.1``, sorted.
    pinned: tuple[str, ...] = ()
    #: Top-level names of modules that nothing installed here provides.
    missing: tuple[str, ...] = ()
    #: Distributions that can't be installed elsewhere, and why: installed from a folder or a file here.
    unpublished: Mapping[str, str] = field(default_factory=dict)
    #: Distributions that are pinned to a repository's commit or to a file on the web, and which.
    referenced: Mapping[str, str] = field(default_factory=dict)
    #: The pins of each module asked for.
    by_module: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Declared requirements that what is installed here does not meet, and what is.
    unmet: Mapping[str, str] = field(default_factory=dict)


class _Pins:
    """Requirements as they are gathered, one a distribution."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.unpublished: dict[str, str] = {}
        self.referenced: dict[str, str] = {}
        self.unmet: dict[str, str] = {}

    def installed(self, distribution: Distribution) -> None:
        """Pin what is installed."""
        name = distribution.name
        if name in self.texts:
            return
        url, reason = _origin(distribution)
        self.texts[name] = f"{name} @ {url}" if url else f"{name}=={distribution.version}"
        if url:
            self.referenced[name] = url
        if reason:
            self.unpublished[name] = reason

    def declared(self, requirement: Requirement) -> None:
        """Pin what is declared to what is installed, if that meets it; else keep its bounds, and say so."""
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate()
        found = find_distribution(name) if applies and requirement.url is None else None
        if found is not None and requirement.specifier.contains(found.version, prereleases=True):
            self.installed(found)
            extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
            # The blank before the semicolon ends an address.
            marker = f" ; {requirement.marker}" if requirement.marker else ""
            self.texts[name] = name + extras + self.texts[name].removeprefix(name) + marker
            return
        self.texts[name] = str(requirement)
        self.unpublished.pop(name, None)
        self.referenced.pop(name, None)
        if applies and requirement.url is None:
            self.unmet[str(requirement)] = f"{found.version} is" if found else "nothing of that name is"


def pin(
    modules: Iterable[str], *, explicit: Iterable[str] = (), declared: Iterable[Requirement] = (), shell: bool = False
) -> Requirements:
    """Pin what the modules (full dotted names) come from; an explicit requirement takes the place of a pin.

    `declared` are the notebook's own (PEP 723), pinned where what is installed meets them. `shell` adds IPython,
    which cells with magics or rich display need in their run.
    """
    pins = _Pins()
    owners: dict[str, tuple[str, ...]] = {}
    missing = set()
    for module in sorted({*modules, *(("IPython",) if shell else ())}):
        found, top = distributions_of(module), module.partition(".")[0]
        owners[module] = tuple(d.name for d in found)
        for distribution in found:
            pins.installed(distribution)
        if not found and _importable(top):
            pins.unpublished[top] = "it is found on this machine's path only"
        elif not found:
            missing.add(top)
    for requirement in declared:
        pins.declared(requirement)
    for text in explicit:
        pins.texts[canonicalize_name(Requirement(text).name)] = text
    return Requirements(
        tuple(sorted(pins.texts.values())),
        tuple(sorted(missing)),
        dict(sorted(pins.unpublished.items())),
        dict(sorted(pins.referenced.items())),
        {module: tuple(pins.texts[name] for name in names) for module, names in owners.items()},
        pins.unmet,
    )


def requirement_findings(requirements: Requirements) -> Iterator[Finding]:
    """Find requirements that can't be installed elsewhere, or are not as the notebook declares them."""
    for name, reason in requirements.unpublished.items():
        message = f"{name!r} can't be installed anywhere else: {reason}"
        yield Finding("F005", "warning", None, None, message, "publish it, or put its source next to the notebook")
    for name, url in requirements.referenced.items():
        yield Finding("F020", "info", None, None, f"{name!r} is pinned to {url}, from where it is installed here")
    for text, here in requirements.unmet.items():
        message = f"the script block declares {text!r}, and {here} installed here"
        yield Finding("F022", "warning", None, None, message, "install what it declares, or change the block")


def _importable(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _origin(distribution: Distribution) -> tuple[str | None, str | None]:
    """Return the address that others can install a distribution from, or why they can't; neither for an index's."""
    found = distribution.direct_url()
    if not found:
        return None, None
    if found.get("dir_info", {}).get("editable"):
        return None, "it is installed from a folder here, editable"
    url, repository = _without_password(str(found.get("url", ""))), found.get("vcs_info")
    if repository is not None:
        if repository.get("commit_id") and not url.startswith("file:"):
            folder = f"#subdirectory={found['subdirectory']}" if found.get("subdirectory") else ""
            return f"{repository.get('vcs', 'git')}+{url}@{repository['commit_id']}{folder}", None
        return None, "it is installed from a repository"
    if url.startswith(("http:", "https:")):
        return url, None
    return None, "it is installed from a folder or file here"


def _without_password(url: str) -> str:
    """Leave out what nobody else may know; ``git@`` is no secret."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    kept = f"{user}{at}{host}" if user == "git" else host
    return urlunsplit(parts._replace(netloc=kept)) if at else url
