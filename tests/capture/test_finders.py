from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_flows.capture.checks import grouped
from jupyter_flows.capture.notebook import capture, from_sources, read_notebook
from jupyter_flows.core.cell import Cell

#: Made of parts, so that no scanner takes this file for a leak.
AWS = "AKIA" + "Q3EGRX5PLM7YTW2B"
GITHUB = "ghp_" + "x7Yk2Lm9Qw4Er6Tz8Ui0Op1As3Df5Gh7Jk9L"
OPENAI = "sk-" + "proj-a8Kd02Lmz7Qpx41Vbn6Wty39Rcs5Fge0Hj"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTYifQ" + ".dozjgNryP4J3jVmNHl0w5N"


def found(*cells, folder=None, alive=()):
    """Return code, level, place and message of what is found in cells."""
    made = from_sources(c if isinstance(c, Cell) else Cell(c, 1) for c in cells)
    return capture(made, name="f", folder=folder, alive=alive).findings


def places(*cells, code, **more):
    """Return the places of a code's findings."""
    return [f"{f.level} {f.cell}:{f.line}" for f in found(*cells, **more) if f.code == code]


STALE = {
    "alive and defined by no cell": (["print(gross)"], {"gross"}, ["error F009 1:1"]),
    "not alive": (["print(gross)"], {"net"}, ["error F001 1:1"]),
    "alive, but defined below": (["print(a)", "a = 1"], {"a"}, ["error F002 1:1"]),
    "alive and defined": (["a = 1", "print(a)"], {"a"}, []),
    "alive and caught": (["try:\n    a\nexcept NameError:\n    pass"], {"a"}, ["warning F009 1:2"]),
}


@pytest.mark.parametrize(("cells", "alive", "expected"), STALE.values(), ids=STALE)
def test_names_that_only_the_kernel_has(cells, alive, expected):
    """A name that no cell defines is stale if the kernel has it."""
    assert [f"{f.level} {f.code} {f.cell}:{f.line}" for f in found(*cells, alive=alive)] == expected


MUTATIONS = {
    "changed after it was shown": (["x = [1]", "print(x)", "x.append(2)"], ["info 3:None"]),
    "changed by a function of the notebook": (
        ["def f(v): v.append(1)", "x = [1]", "print(x)", "f(x)"],
        ["info 4:None"],
    ),
    "changed, then read": (["x = [1]", "x.append(2)", "print(x)"], []),
    "rebound": (["x = [1]", "print(x)", "x = [2]"], []),
    "not changed": (["x = [1]", "print(x)", "print(len(x))"], []),
}


@pytest.mark.parametrize(("cells", "expected"), MUTATIONS.values(), ids=MUTATIONS)
def test_objects_changed_while_others_read_them(cells, expected):
    """A cell that waits only because it changes what others read is told so."""
    assert places(*cells, code="F010") == expected


STARS = {
    "at the top": (["import os\nfrom math import *"], ["info 1:2"]),
    "below a cell magic": (["%%time\nfrom math import *"], ["info 1:2"]),
    "of what can't be looked up": (["from numpy import *"], ["warning 1:1"]),
    "of names": (["from math import sin, cos"], []),
    "in a text": (["print('from math import *')"], []),
    "a product": (["import math\nx = 2\nprint(x *\nx)"], []),
}


@pytest.mark.parametrize(("cells", "expected"), STARS.values(), ids=STARS)
def test_imports_of_all_names(cells, expected):
    """`import *` is found where Python sees one, and said once."""
    assert places(*cells, code="F013") == expected
    assert "F003" not in {f.code for f in found(*cells)}


PATHS = {
    "somebody's": (["open('/home/ann/data.csv')"], ["warning 1:1"]),
    "by a tilde": (["x = 1\nopen('~/Desktop/data.csv')"], ["warning 1:2"]),
    "of Windows": ([r"open('C:\\Users\\Ann\\data.csv')"], ["warning 1:1"]),
    "of Windows, forward": (["open('D:/data.csv')"], ["warning 1:1"]),
    "of a service": (["open('/kaggle/input/data.csv')"], ["warning 1:1"]),
    "in an f-string": (["n = 3\nopen(f'/home/ann/{n}.csv')"], ["warning 1:2"]),
    "of a name": (["DATA = '/mnt/share/data'"], ["warning 1:1"]),
    "relative": (["open('data/x.csv')"], []),
    "upwards": (["open('../data/x.csv')"], []),
    "of the system": (["open('/dev/null'); open('/proc/cpuinfo'); open('/etc/hosts')"], []),
    "temporary": (["open('/tmp/x.csv', 'w')"], []),
    "a URL": (["x = 'https://example.org/home/ann'"], []),
    "a route": (["x = '/api/v1/users'"], []),
    "a docstring": (["def f():\n    '/home/ann/data.csv'"], []),
    "a ratio": (["print('a/b', '/')"], []),
    "prose": (["print('see /home/ann/data.csv')"], []),
}


@pytest.mark.parametrize(("cells", "expected"), PATHS.values(), ids=PATHS)
def test_absolute_paths(cells, expected):
    """Literal paths of one machine are found; those that every machine has, and what is no path, are not."""
    assert places(*cells, code="F014") == expected


def test_a_path_into_the_notebooks_folder_is_told_how_it_is_written():
    """A path inside the folder is missing elsewhere only because of how it is written."""
    folder = Path("/home/ann/work")
    [inside] = [f for f in found("open('/home/ann/work/data/x.csv')", folder=folder) if f.code == "F014"]
    assert inside.fix == "write 'data/x.csv'"
    [outside] = [f for f in found("open('/home/ann/working/x.csv')", folder=folder) if f.code == "F014"]
    assert outside.fix == "put the file next to the notebook, or make the path a parameter"


SECRETS = {
    "an AWS key": ([f"key = {AWS!r}"], ["warning 1:1"]),
    "a GitHub token, in a comment": ([f"x = 1\n# {GITHUB}"], ["warning 1:2"]),
    "a token in a command": ([f"!git clone https://ann:{GITHUB}@github.com/a/b"], ["warning 1:1"]),
    "a model service's": ([f"client = print({OPENAI!r})"], ["warning 1:1"]),
    "a web token": ([f"header = 'Bearer {JWT}'"], ["warning 1:1"]),
    "a private key": (["k = '''-----BEGIN RSA PRIVATE KEY-----\nabc'''"], ["warning 1:1"]),
    "a password in a URL": (["db = 'postgresql://ann:Tr0ub4dor@db.example.org/x'"], ["warning 1:1"]),
    "by the name": (["x = 1\npassword = 'Tr0ub4dor&3'"], ["warning 1:2"]),
    "by a keyword": (["print(api_key='AZOBAQ2SK8AC1MUD')"], ["warning 1:1"]),
    "by a key": (["c = {'client_secret': 'q8Zr2Lm5Xv9Nt3Kp'}"], ["warning 1:1"]),
    "in the environment": (["import os\nos.environ['DB_PASSWORD'] = 'Tr0ub4dor&3'"], ["warning 1:2"]),
    "by %env": (["%env API_TOKEN=q8Zr2Lm5Xv9Nt3Kp"], ["warning 1:1"]),
    "read from the environment": (["import os\npassword = os.environ['DB_PASSWORD']"], []),
    "asked for": (["from getpass import getpass\npassword = getpass('Password: ')"], []),
    "a placeholder": (["password = 'your-password-1'; api_key = 'XXXXXXXXXXXXXXXX1'; token = '<token>'"], []),
    "empty": (["password = ''"], []),
    "a word": (["token = 'international'; key = 'a1b2c3d4e5f6g7h8'; secret_word = 'rosebud9'"], []),
    "tokens of a text": (["token = 'the quick brown fox 1'; tokens = ['a1b2c3d4e5f6g7h8']"], []),
    "a name of a variable": (["api_key = 'MY_API_KEY_NAME'"], []),
    "a path": (["private_key = '/run/keys/deploy_2024.pem'"], []),
    "a hash": (["md5 = '9e107d9d372bb6826bd81d3542a419d6'"], []),
    "an ID of AWS's documentation": (["key = 'AKIAAAAAAAAAAAAAAAAA'"], []),
    "a URL without a password": (["u = 'http://example.org:8080/a@b'"], []),
}


@pytest.mark.parametrize(("cells", "expected"), SECRETS.values(), ids=SECRETS)
def test_secrets(cells, expected):
    """What looks like a secret is found, what only sounds like one is not."""
    assert places(*cells, code="F015") == expected


@pytest.mark.parametrize("secret", [AWS, GITHUB, OPENAI, JWT, "Tr0ub4dor&3"])
def test_a_secret_is_not_shown(secret):
    """No part of a finding holds any of the secret."""
    [finding] = [f for f in found(f"password = {secret!r}") if f.code == "F015"]
    assert not any(secret[n : n + 5] in str(finding) for n in range(len(secret) - 4))


INSTALLS = {
    "!pip": (["!pip install -q lxml"], ["warning 1:1"]),
    "%pip": (["x = 1\n%pip install lxml"], ["warning 1:2"]),
    "!conda": (["!conda install -y lxml"], ["warning 1:1"]),
    "python -m pip": (["import sys\n!{sys.executable} -m pip install lxml"], ["warning 1:2"]),
    "apt": (["!apt-get -y install graphviz"], ["warning 1:1"]),
    "in bash": (["%%bash\necho a\npip install lxml"], ["warning 1:3"]),
    "by subprocess": (
        ["import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'lxml'])"],
        ["warning 1:2"],
    ),
    "by os.system": (["import os\nos.system('pip install lxml')"], ["warning 1:2"]),
    "a list of what is": (["!pip list"], []),
    "words": (["print('pip install lxml')"], []),
    "a comment": (["# !pip install lxml\nx = 1"], []),
}


@pytest.mark.parametrize(("cells", "expected"), INSTALLS.values(), ids=INSTALLS)
def test_installations(cells, expected):
    """Commands that install packages are found, however they are run."""
    assert places(*cells, code="F017") == expected


UNPINNED = {
    "open": (["#| task: a --requires pandas\nx = 1"], ["info 1:1"]),
    "a lower bound": (["#| task: a --requires pandas>=2\nx = 1"], ["info 1:1"]),
    "pinned": (["#| task: a --requires pandas==3.1.1\nx = 1"], []),
    "by address": (["#| task: a --requires 'x @ https://example.org/x.whl'\nx = 1"], []),
}


@pytest.mark.parametrize(("cells", "expected"), UNPINNED.values(), ids=UNPINNED)
def test_requirements_without_a_version(cells, expected):
    """A requirement that a task names is to name its version."""
    assert places(*cells, code="F016") == expected


CHANCE = {
    "Python's": (["import random", "print(random.random())"], ["info 2:1"]),
    "NumPy's": (["import numpy as np", "x = 1\nprint(np.random.rand())"], ["info 2:2"]),
    "by its own name": (["from random import shuffle", "x = [1]\nshuffle(x)"], ["info 2:2"]),
    "in a function that is called": (
        ["import random", "def f():\n    return random.random()", "f()"],
        ["info 3:1"],
    ),
    "of scikit-learn": (
        ["from sklearn.model_selection import train_test_split", "train_test_split([1, 2])"],
        ["info 2:1"],
    ),
    "seeded": (["import random", "random.seed(0)", "print(random.random())"], []),
    "seeded in the same cell": (["import numpy as np", "np.random.seed(0); print(np.random.rand())"], []),
    "seeded with nothing": (["import random", "random.seed()", "print(random.random())"], ["info 3:1"]),
    "seeded below": (["import random", "print(random.random())", "random.seed(0)"], ["info 2:1"]),
    "another one seeded": (["import random, numpy as np", "random.seed(0)", "print(np.random.rand())"], ["info 3:1"]),
    "seeded scikit-learn": (
        ["from sklearn.model_selection import train_test_split", "train_test_split([1, 2], random_state=0)"],
        [],
    ),
    "a generator": (["from numpy.random import default_rng", "rng = default_rng()"], ["info 2:1"]),
    "a seeded generator": (["import numpy as np", "rng = np.random.default_rng(3); print(rng.random())"], []),
    "a function that nobody calls": (["import random", "def f():\n    return random.random()"], []),
    "today": (["from datetime import date", "print(date.today())"], ["info 2:1"]),
    "now": (["import datetime as dt", "x = dt.datetime.now()"], ["info 2:1"]),
    "a stopwatch": (["import time", "t = time.time()\nprint(time.time() - t)"], []),
    "an id": (["import uuid", "x = uuid.uuid4()"], ["info 2:1"]),
    "a set printed": (["print({'a', 'b'})"], ["info 1:1"]),
    "a set joined": (["x = 1\nprint(', '.join(set('abc')))"], ["info 1:2"]),
    "a set as a list, shown": (["list({c for c in 'abc'})"], ["info 1:1"]),
    "a set sorted": (["print(sorted({'a', 'b'}))"], []),
    "a set of numbers": (["print({1, 2})"], []),
    "how large a set is": (["print(len({'a', 'b'}))"], []),
    "a set that IPython sorts": (["{'a', 'b'}"], []),
}


@pytest.mark.parametrize(("cells", "expected"), CHANCE.values(), ids=CHANCE)
def test_chance(cells, expected):
    """What differs from run to run is found, what a seed decides or nobody sees is not."""
    assert places(*cells, code="F018") == expected


MADE = {
    "by a path": (["import sys\nsys.path.append('../lib')", "import nothing_such"], "warning"),
    "by a clone": (["!git clone https://example.org/a/b", "import nothing_such"], "warning"),
    "by a download": (
        ["import os\nif True:\n    !wget https://example.org/nothing_such.py", "import nothing_such"],
        "warning",
    ),
    "by nothing": (["import sys", "import nothing_such"], "error"),
}


@pytest.mark.parametrize(("cells", "level"), MADE.values(), ids=MADE)
def test_imports_of_what_cells_above_may_bring(cells, level):
    """A module that is missing here does not refuse a notebook which may bring it."""
    assert [f.level for f in found(*cells) if f.code == "F004"] == [level]


def test_a_missing_module_is_said_once_a_cell():
    """Several imports of one module in a cell are one finding; those of other cells are grouped with it."""
    findings = found("import nothing_such\nimport nothing_such as n", "import nothing_such")
    assert [(f.cell, f.line) for f in findings] == [(1, 1), (2, 1)]
    [group] = grouped(findings)
    said = "cell 1, line 1: there is no module 'nothing_such' here: install it here, or correct the name"
    assert str(group) == f"{said} (F004, and in cell 2)"


def test_a_sound_notebook_has_no_findings(tmp_path):
    """Ordinary cells are met with silence."""
    path = tmp_path / "n.ipynb"
    cells = [
        "import json, os\nfrom pathlib import Path",
        "rows = [{'key': n, 'token': 'word'} for n in range(3)]\nPath('out').mkdir(exist_ok=True)",
        "total = sum(row['key'] for row in rows)",
        "print(f'{total} of {len(rows)}', os.path.join('out', 'x.json'))",
    ]
    path.write_text(from_sources(Cell(c, 1) for c in cells).text)
    assert capture(read_notebook(path)).findings == ()
