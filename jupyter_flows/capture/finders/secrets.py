"""Find texts that look like passwords, keys and tokens. They are never shown, only what they look like."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Look, Reading, dotted

#: What issuers' tokens look like: their documented prefixes and lengths, so that prose never matches.
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(shape))
    for what, shape in (
        ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
        ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("a Slack webhook", r"https://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}"),
        ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("a Hugging Face token", r"\bhf_[A-Za-z]{34,}\b"),
        ("an API key of the form sk-...", r"\bsk-(?=[A-Za-z_-]*[0-9])(?:[a-z]+-)*[A-Za-z0-9_-]{32,}"),
        ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
        ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
        ("a PyPI token", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
        ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("an Azure storage key", r"AccountKey=[A-Za-z0-9+/]{80,}=="),
        ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
        ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
        ("a password in a URL", r"\b[a-z][a-z0-9+]*://[^\s:/@'\"{}<>]+:(?!//|pass|\*|x{3})[^\s:/@'\"{}<>]{4,}@[\w.-]+"),
    )
)
_NAMED = re.compile(
    r"(?i)(?:^|_)(?:password|passwd|pwd|passphrase|secret|api_?key|apikey|auth_?token|access_?token|"
    r"token|access_?key|secret_?key|private_?key|credentials?)$"
)
_PLACEHOLDER = re.compile(
    r"(?i)x{3,}|\*{2,}|\.{3}|your|my_?|example|sample|dummy|fake|test|changeme|placeholder|password|secret|token"
    r"|api_?key|redacted|insert|todo|foo|bar|none|null|[<>{}$\s]"
)
#: What every shape has in it, and what every given name looks like: most cells have neither.
_SHAPED = re.compile(
    r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|hooks\.slack|AIza|hf_|sk-|_live_|SG\.|pypi-|npm_|AccountKey|"
    r"PRIVATE KEY|eyJ|://"
)
_GIVEN = re.compile(
    r"(?i)(?:pass|pwd|secret|key|token|credential)\w*[\"'\]]*\s*(?::\s*\w+\s*)?[=:]\s*[rbu]?[\"']|%(?:set_)?env\b"
)
_ENV = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(\S+)\s*")
#: Fewer characters, or less variety among them (bits a character), are a word rather than a secret.
_LEAST_PASSWORD, _LEAST_KEY, _LEAST_ENTROPY = 6, 16, 3.0
_FIX = 'take it out of the notebook: jupyter_flows.secret("{name}") reads it where it runs'


def secret_findings(look: Look) -> Iterator[Finding]:
    """Find literal secrets: whoever can read the notebook, or its flow, has them."""
    for reading in look.readings:
        if any(tag.startswith("secret:") for tag in reading.cell.tags):
            continue
        lines: set[int] = set()
        for line, what in _shaped(reading.text) if _SHAPED.search(reading.text) else ():
            if line not in lines:
                lines.add(line)
                yield _finding(reading, line, f"this looks like {what}", "TOKEN")
        if _GIVEN.search(reading.text):
            for line, name in _named(reading):
                if line not in lines:
                    lines.add(line)
                    yield _finding(reading, line, f"`{name}` is given as a literal that looks like a secret", name)


def _finding(reading: Reading, line: int, message: str, name: str) -> Finding:
    fix = _FIX.format(name=re.sub(r"\W", "_", name.rpartition(".")[2]).upper())
    return Finding("F015", "warning", reading.ordinal, line, message, fix)


def _shaped(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines that hold a text of a known shape, comments included."""
    for what, shape in SHAPES:
        for match in shape.finditer(text):
            if _varied(match[0]) or "PRIVATE" in match[0]:
                yield text.count("\n", 0, match.start()) + 1, what


def _named(reading: Reading) -> Iterator[tuple[int, str]]:
    """Yield the literals that are given to a name such as ``password``."""
    for node, line in reading.nodes():
        for name, value in _given(node):
            if _NAMED.search(name.rpartition(".")[2]) and _is_secret(name, value):
                yield line, name


def _given(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the texts that a node gives to names: by assignment, keyword, key, or ``%env``."""
    pairs: list[tuple[ast.AST | None, ast.AST | None]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign):
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.Dict):
        pairs = list(zip(node.keys, node.values, strict=True))
    elif isinstance(node, ast.Call):
        if dotted(node.func).endswith("run_line_magic") or isinstance(node.func, ast.Attribute):
            yield from _from_magic(node)
        yield from ((k.arg, k.value.value) for k in node.keywords if k.arg and _is_text(k.value))  # type: ignore[attr-defined]
    for key, value in pairs:
        name = _name_of(key)
        if name and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield name, value.value


def _from_magic(node: ast.Call) -> Iterator[tuple[str, str]]:
    words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if words[:1] in (["env"], ["set_env"]) and len(words) > 1 and isinstance(node.func, ast.Attribute):
        match = _ENV.fullmatch(words[1])
        if match and node.func.attr == "run_line_magic":
            yield match[1], match[2]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _name_of(node: ast.AST | None) -> str:
    if isinstance(node, ast.Subscript):
        node = node.slice
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return dotted(node) if node is not None else ""


def _is_secret(name: str, value: str) -> bool:
    """Tell a secret from a word, a placeholder, a path, and the name of a variable."""
    if _PLACEHOLDER.search(value) or re.fullmatch(r"[A-Z_]+|[\w./~-]*/[\w./~-]*", value):
        return False
    if re.search(r"(?i)pass|pwd", name):
        kinds = sum(bool(re.search(kind, value)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[^\w]"))
        return len(value) >= _LEAST_PASSWORD and kinds > 1
    return len(value) >= _LEAST_KEY and any(c.isdigit() for c in value) and _varied(value)


def _varied(text: str) -> bool:
    """Tell whether a text has the variety of characters that chance gives."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) >= _LEAST_ENTROPY
