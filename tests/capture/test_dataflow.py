"""Cells and the edges that they must have: a bug report becomes one row."""

from __future__ import annotations

import pytest

from jupyter_flows.capture.dataflow import connect
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import CellSyntaxError

#: What the case is about, the cells, the edges as "1-2" (cells counted from 1, transitively reduced).
# fmt: off
CASES: list[tuple[str, list[str], str]] = [
    ("read after write", ["x = 1", "y = x"], "1-2"),
    ("write after read", ["x = 1", "y = x", "x = 2"], "1-2 2-3"),
    ("write after write", ["x = 1", "x = 2"], "1-2"),
    ("independent names", ["x = 1", "y = 2"], ""),
    ("two readers of one name", ["x = 1", "y = x", "z = x"], "1-2 1-3"),
    ("own name read first", ["df = [1]", "df = df + [2]"], "1-2"),
    ("own name bound first", ["x = 1; y = x", "x = 2; z = x", "print(y)"], "1-2 1-3"),
    ("augmented assignment reads", ["x = 1", "x += 1", "print(x)"], "1-2 2-3"),
    ("append changes", ["xs = []", "xs.append(1)", "print(xs)"], "1-2 2-3"),
    ("pure method of a list", ["xs = [1]", "xs.index(1)", "xs.count(1)"], "1-2 1-3"),
    ("alias", ["a = []", "b = a", "b.append(1)", "print(a)"], "1-2 2-3 3-4"),
    ("alias in a container", ["a = []", "d = {'k': a}", "d['k'].append(1)", "print(a)"], "1-2 2-3 3-4"),
    ("other key of a dict", ["a, b = [], []", "d = {'a': a, 'b': b}", "d['a'].append(1)", "print(b)"], "1-2 1-4 2-3"),
    ("copy is fresh", ["a = [1]", "b = a.copy()", "b.append(1)", "print(a)"], "1-2 1-4 2-3"),
    ("list() is fresh", ["a = [1]", "b = list(a)", "b.append(1)", "print(a)"], "1-2 1-4 2-3"),
    ("shallow copy shares items", ["a = [[1]]", "b = list(a)", "b[0].append(1)", "print(a)"], "1-2 2-3 3-4"),
    ("deepcopy shares nothing", ["import copy\na = [[1]]", "b = copy.deepcopy(a)", "b[0].append(1)", "print(a)"], "1-2 1-4 2-3"),
    ("loop variable is an alias", ["rows = [[1]]", "for row in rows:\n    row.append(2)", "print(rows)"], "1-2 2-3"),
    ("subscript store", ["d = {}", "d['a'] = 1", "print(d)"], "1-2 2-3"),
    ("attribute store", ["class A: pass", "a = A()", "a.x = 1", "print(a.x)"], "1-2 2-3 3-4"),
    ("del of an item", ["d = {'a': 1}", "del d['a']", "print(d)"], "1-2 2-3"),
    ("del of a name", ["x = 1", "print(x)", "del x"], "1-2 2-3"),
    ("conditional write", ["x = 1", "if len('a'):\n    x = 2", "print(x)"], "1-2 2-3"),
    ("both branches write", ["x = 1", "y = 3", "if y:\n    x = 2\nelse:\n    x = 4", "print(x)"], "1-3 2-3 3-4"),
    ("function reads a global when called", ["x = 1", "def f(): return x", "x = 2", "print(f())"], "1-3 2-4 3-4"),
    ("defining reads nothing", ["x = 1", "def f(): return x", "x = 2"], "1-3"),
    ("function called by a function", ["def g(): return x", "def f(): return g()", "x = 1", "f()"], "1-4 2-4 3-4"),
    ("stored function", ["def f(): return x", "t = {'f': f}", "x = 1", "t['f']()", "x = 2"], "1-2 2-4 3-4 4-5"),
    ("global statement", ["def f():\n    global x\n    x = 1", "x = 0", "f()", "print(x)"], "1-3 2-3 3-4"),
    ("mutable default", ["def f(k=[]):\n    k.append(1)\n    return len(k)", "f()", "f()"], "1-2 2-3"),
    ("pure function called twice", ["def f(k): return k + 1", "f(1)", "f(2)"], "1-2 1-3"),
    ("function changes its argument", ["def f(v): v.append(1)", "a = []", "f(a)", "print(a)"], "1-3 2-3 3-4"),
    ("function returns its argument", ["def f(v): return v", "a = []", "b = f(a)", "b.append(1)", "print(a)"], "1-3 2-3 3-4 4-5"),
    ("function returns something new", ["def f(v): return [v]", "a = 1", "b = f(a)", "b.append(1)", "print(a)"], "1-3 2-3 2-5 3-4"),
    ("redefined function", ["def f(): return 1", "f()", "def f(): return 2", "f()"], "1-2 2-3 3-4"),
    ("functions in a container given to a known call", ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "x = 1", "q = df.agg({'a': lambda d: x})", "x = 2"], "1-3 2-3 3-4"),
    ("a function that a model keeps", ["from sklearn.preprocessing import FunctionTransformer\nX = [[1]]", "v = FunctionTransformer(lambda X: X + k)", "k = 1", "m = v.transform(X)", "k = 2"], "1-2 2-4 3-4 4-5"),
    ("a scorer", ["from sklearn.metrics import make_scorer\nfrom sklearn.linear_model import Ridge\nfrom sklearn.model_selection import cross_val_score\nX, y = [[1]], [1]", "s = make_scorer(lambda y, z: k)", "k = 1", "cross_val_score(Ridge(), X, y, scoring=s)", "k = 2"], "1-2 2-4 3-4 4-5"),
    ("a function as a subscript", ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "x = 1", "q = df.loc[lambda d: d.a > x]", "x = 2"], "1-3 2-3 3-4"),
    ("names in a query", ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "x = 1", "q = df.query('a > @x')", "x = 2"], "1-3 2-3 3-4"),
    ("names in an evaluated text", ["import pandas as pd", "x = 1", "q = pd.eval('x + 1')", "x = 2"], "1-3 2-3 3-4"),
    ("no copy is an alias", ["import numpy as np\na = np.zeros(3)", "b = a.astype(float, copy=False)", "b[0] = 5", "print(a)"], "1-2 2-3 3-4"),
    ("no copy changes its argument", ["import numpy as np\na = np.zeros(3)", "np.nan_to_num(a, copy=False)", "print(a)"], "1-2 2-3"),
    ("a model that does not copy", ["import numpy as np\nfrom sklearn.preprocessing import StandardScaler\na = np.zeros((3, 1))", "StandardScaler(copy=False).fit_transform(a)", "print(a)"], "1-2 2-3"),
    ("what is written to is returned", ["import numpy as np\na = np.zeros(3)", "b = np.zeros(3)", "c = np.add(a, 1, out=b)", "c[0] = 5", "print(b)"], "1-2 2-3 3-4 4-5"),
    ("a file written through its handle", ["f = open('a.txt', 'w')", "print('a', file=f)", "f.close()", "print(open('a.txt').read())"], "1-2 2-3 3-4"),
    ("a precision that is set", ["import decimal", "decimal.getcontext().prec = 3", "print(decimal.Decimal(1) / 3)"], "1-2 2-3"),
    ("a context kept and set", ["import decimal\nc = decimal.getcontext()", "print(1)", "c.prec = 3", "print(decimal.Decimal(1) / 3)"], "1-2 2-3 3-4"),
    ("what unknown code gets from a function it may call", ["import outside\nlog = []", "def make():\n    return lambda: log.append(1)", "outside.twice(make)", "print(log)"], "1-3 2-3 3-4"),
    ("lazy code that unknown code gets", ["import outside\nlog = []", "def make():\n    return (log.append(i) for i in [1])", "outside.twice(make)", "print(log)"], "1-3 2-3 3-4"),
    ("a format that a magic sets", ["x = 1", "%precision 3", "x / 3"], "1-2 2-3"),
    ("an extension is loaded", ["x = 1", "%load_ext line_profiler", "%lprun -f f f(x)"], "1-2 2-3"),
    ("a frame put together is new", ["import pandas as pd\na = pd.DataFrame()", "b = pd.concat([a, a])", "b['x'] = 1", "print(a)"], "1-2 1-4 2-3"),
    ("frames share an index that is named", ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "m = df + 1", "m.index.name = 'q'", "print(df)"], "1-2 2-3 3-4"),
    ("all names of a known module", ["from math import *", "x = sqrt(2)", "y = pi"], "1-2 1-3"),
    ("recursion", ["def f(n): return n and f(n - 1)", "f(3)", "f(4)"], "1-2 1-3"),
    ("annotations are read", ["T = [1] and set", "def f(v: T): return v", "def g(v) -> T: return v"], "1-2 1-3"),
    ("annotations of inner functions are read", ["T = int", "def f():\n    def g(v: T) -> T: return v\n    return g", "T = str", "f()", "T = int"], "1-3 2-4 3-4 4-5"),
    ("lambda", ["x = 1", "f = lambda: x", "x = 2", "f()"], "1-3 2-4 3-4"),
    ("closure counts", ["def make():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step", "c = make()", "c()", "c()"], "1-2 2-3 3-4"),
    ("two closures", ["def make():\n    n = []\n    return lambda: n.append(1)", "a = make()", "b = make()", "a()", "b()"], "1-2 1-3 2-4 3-5"),
    ("method reads a global", ["class A:\n    def get(self): return x", "a = A()", "x = 1", "a.get()", "x = 2"], "1-2 2-4 3-4 4-5"),
    ("method changes its instance", ["class A:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1", "a = A()", "a.up()", "a.up()"], "1-2 2-3 3-4"),
    ("instances are apart", ["class A:\n    def __init__(self): self.n = []\n    def up(self): self.n.append(1)", "a = A()", "b = A()", "a.up()", "b.up()"], "1-2 1-3 2-4 3-5"),
    ("class attribute is shared", ["class A:\n    seen = []\n    def up(self): self.seen.append(1)", "a = A()", "b = A()", "a.up()", "b.up()"], "1-2 1-3 2-4 3-5 4-5"),
    ("property runs code", ["xs = []", "class A:\n    @property\n    def p(self): xs.append(1)", "a = A()", "a.p", "print(xs)"], "1-4 2-3 3-4 4-5"),
    ("repr runs code", ["class A:\n    def __repr__(self): return str(x)", "a = A()", "x = 1", "print(a)", "x = 2"], "1-2 2-4 3-4 4-5"),
    ("operator runs code", ["log = []", "class A:\n    def __add__(self, o): log.append(o)", "a = A()", "a + 1", "print(log)"], "1-4 2-3 3-4 4-5"),
    ("base class's method", ["x = 1", "class A:\n    def get(self): return x", "class B(A): pass", "b = B()", "b.get()"], "1-5 2-3 3-4 4-5"),
    ("super", ["class A:\n    def __init__(self, v): self.v = v", "class B(A):\n    def __init__(self, v): super().__init__(v)", "a = []", "b = B(a)", "b.v.append(1)", "print(a)"], "1-2 2-4 3-4 4-5 5-6"),
    ("iterator shared by cells", ["it = iter([1, 2])", "next(it)", "next(it)"], "1-2 2-3"),
    ("list iterated by cells", ["xs = [1, 2]", "a = sum(xs)", "b = max(xs)"], "1-2 1-3"),
    ("generator runs when iterated", ["def g():\n    yield x", "it = g()", "x = 1", "next(it)", "x = 2"], "1-2 2-4 3-4 4-5"),
    ("generator expression is lazy", ["x = 1", "it = (x + i for i in [1])", "x = 2", "list(it)"], "1-3 2-4 3-4"),
    ("map is lazy", ["x = 1", "it = map(lambda i: i + x, [1])", "x = 2", "list(it)"], "1-3 2-4 3-4"),
    ("list comprehension is not", ["x = 1", "it = [x + i for i in [1]]", "x = 2", "list(it)"], "1-2 2-3 2-4"),
    ("comprehension keeps its variable", ["i = 5", "xs = [i for i in range(3)]", "print(i)"], "1-3"),
    ("comprehension reads outside", ["k = 5", "xs = [k for i in range(3)]", "k = 1"], "1-2 2-3"),
    ("walrus", ["print((n := 3))", "print(n)"], "1-2"),
    ("f-string", ["x = 1", "print(f'{x:>{w}}')" .replace("{w}", "3"), "x = 2"], "1-2 2-3"),
    ("star unpacking", ["a, *b = [[1], [2], [3]]", "b[0].append(1)", "print(a)", "print(b)"], "1-2 2-3 2-4"),
    ("tuple unpacking", ["a, b = [], []", "a.append(1)", "b.append(1)"], "1-2 1-3"),
    ("with", ["import contextlib", "@contextlib.contextmanager\ndef cm():\n    log.append(1)\n    yield 3", "log = []", "with cm() as v: pass", "print(log)"], "1-2 2-4 3-4 4-5"),
    ("except as", ["try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    x = 1", "print(x)"], "1-2"),
    ("match", ["p = {'a': [1]}", "match p:\n    case {'a': q}:\n        q.append(1)", "print(p)"], "1-2 2-3"),
    ("decorator", ["log = []", "def d(fn):\n    def inner():\n        log.append(1)\n        return fn()\n    return inner", "@d\ndef f(): return 1", "f()", "print(log)"], "1-4 2-3 3-4 4-5"),
    ("partial", ["import functools\ndef f(v): v.append(1)", "a = []", "p = functools.partial(f, a)", "p()", "print(a)"], "1-3 2-3 3-4 4-5"),
    ("sort key", ["x = 1", "xs = [2, 1]", "ys = sorted(xs, key=lambda v: x)", "x = 2"], "1-3 2-3 3-4"),
    ("default dict inserts when read", ["from collections import defaultdict\nd = defaultdict(list)", "d['a']", "print(d)"], "1-2 2-3"),
    ("unknown library links and changes", ["import lib\na, b = [], []", "lib.tie(a, b)", "a.append(1)", "print(b)"], "1-2 2-3 3-4"),
    ("unknown library keeps", ["import lib\na = []", "lib.keep(a)", "lib.work()", "print(a)"], "1-2 2-3 3-4"),
    ("libraries that are apart", ["import one, two", "x = one.f()", "y = two.f()"], "1-2 1-3"),
    ("seeded draws", ["import numpy as np", "np.random.seed(0)", "a = np.random.rand()", "b = np.random.rand()"], "1-2 2-3 3-4"),
    ("generators of their own", ["import numpy as np\nr, s = np.random.default_rng(0), np.random.default_rng(1)", "a = r.normal()", "b = s.normal()"], "1-2 1-3"),
    ("one generator", ["import numpy as np\nr = np.random.default_rng(0)", "a = r.normal()", "b = r.normal()"], "1-2 2-3"),
    ("view of an array", ["import numpy as np\na = np.zeros(3)", "b = a[1:]", "b[0] = 1", "print(a)"], "1-2 2-3 3-4"),
    ("transposed array", ["import numpy as np\na = np.zeros((3, 3))", "b = a.T", "b += 1", "print(a)"], "1-2 2-3 3-4"),
    ("new array", ["import numpy as np\na = np.zeros(3)", "b = a + 1", "b[0] = 1", "print(a)"], "1-2 1-4 2-3"),
    ("out=", ["import numpy as np\na = np.zeros(3)", "np.add(a, 1, out=a)", "print(a)"], "1-2 2-3"),
    ("new column", ["import pandas as pd\ndf = pd.read_csv('x.csv')", "df['b'] = df.a * 2", "df.head()"], "1-2 2-3"),
    ("column is a view", ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "s = df['a']", "s[0] = 2", "print(df)"], "1-2 2-3 3-4"),
    ("inplace", ["import pandas as pd\ndf = pd.read_csv('x.csv')", "df.dropna(inplace=True)", "df.head()"], "1-2 2-3"),
    ("independent groupings", ["import pandas as pd\ndf = pd.read_csv('x.csv')", "a = df.groupby('k').v.mean()", "b = df.groupby('j').agg({'v': 'sum'})", "df.describe()"], "1-2 1-3 1-4"),
    ("apply with a function", ["import pandas as pd\ndf = pd.read_csv('x.csv')", "k = 2", "df.v.apply(lambda v: v * k)", "df.head()", "k = 3"], "1-3 1-4 2-3 3-5"),
    ("file written then read", ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "df.to_csv('out.csv')", "e = pd.read_csv('./out.csv')", "f = pd.read_csv('in.csv')"], "1-2 1-4 2-3"),
    ("environment", ["import os\nos.environ['A'] = '1'", "print(os.environ['A'])", "print(1)"], "1-2"),
    ("shell command and file", ["open('a.txt', 'w').write('x')", "!cat a.txt", "x = 1"], "1-2"),
    ("exec is a barrier", ["x = 1", "exec('x = 2')", "print(x)", "y = 1"], "1-2 2-3 2-4"),
    ("chdir is a barrier", ["x = 1", "import os\nos.chdir('..')", "y = 1"], "1-2 2-3"),
    ("the notebook's own module is a barrier", ["x = 1", "import __main__ as m\nm.x = 2", "print(x)", "y = m.x", "z = 1"], "1-2 2-3 3-4 4-5"),
    ("a name of the notebook's own module is a barrier", ["x = 1", "from __main__ import x as y", "x = 2"], "1-2 2-3"),
    ("the notebook's own module by its name", ["import sys", "x = 1", "sys.modules['__main__'].x = 2", "print(x)", "y = 1"], "1-3 2-3 3-4 3-5"),
    ("the notebook's own module by any name", ["import sys", "x = 1", "setattr(sys.modules[__name__], 'x', 2)", "print(x)"], "1-3 2-3 3-4"),
    ("the notebook's own module, got", ["import sys", "x = 1", "vars(sys.modules.get('__main__'))['x'] = 2", "print(x)"], "1-3 2-3 3-4"),
    ("a look whether a module is loaded", ["import sys", "x = 1", "y = 'google.colab' in sys.modules", "print(x)"], "1-3 2-4"),
    ("import * is a barrier", ["x = 1", "from outside import *", "y = sin(1)"], "1-2 2-3"),
    ("monkey-patching is a barrier", ["import json", "x = 1", "json.dumps = len", "y = 1"], "1-3 2-3 3-4"),
    ("unknown magic is a barrier", ["x = 1", "%frobnicate x", "y = 1"], "1-2 2-3"),
    ("bash is a barrier", ["x = 1", "%%bash\nls", "y = 1"], "1-2 2-3"),
    ("time keeps its body's names", ["x = 1", "%%time\ny = x", "print(y)", "x = 2"], "1-2 2-3 2-4"),
    ("line time", ["x = 1", "%time y = x", "print(y)"], "1-2 2-3"),
    ("magic that shows", ["x = 1", "%matplotlib inline", "y = 2"], ""),
    ("captured command", ["files = !ls", "print(files)", "x = 1"], "1-2"),
    ("text that is timed", ["import timeit\nx = [1]\ndef f(v): v.append(1)", "timeit.timeit('f(x)', setup='from __main__ import f, x')", "print(x)"], "1-2 2-3"),
    ("text that is timed among the notebook's names", ["import timeit\nx = [1]\ndef f(v): v.append(1)", "timeit.timeit('f(x)', globals=globals())", "print(x)", "y = 2"], "1-2 2-3"),
    ("other code given the notebook's names is a barrier", ["def f(globals): globals['x'] = 1", "x = 0", "f(globals=globals())", "y = 2"], "1-3 2-3 3-4"),
    ("a function that is timed", ["import timeit\nx = []", "def f(): x.append(1)", "timeit.timeit(f)", "print(x)"], "1-3 2-3 3-4"),
    ("text that is profiled", ["import cProfile\nxs = []\ndef f(): xs.append(1)", "cProfile.run('f()')", "print(xs)"], "1-2 2-3"),
    ("profiled text that binds is a barrier", ["import cProfile\ndef f(): return 1", "y = 1", "cProfile.run('x = f()')", "z = 1"], "1-3 2-3 3-4"),
    ("computed text is a barrier", ["import timeit\ns = 'f()'", "y = 1", "timeit.timeit(s)", "z = 1"], "1-3 2-3 3-4"),
    ("examples in documentation are a barrier", ["import doctest", "x = 1", "doctest.testmod()", "x = 2"], "1-3 2-3 3-4"),
    ("tests of the notebook are a barrier", ["import unittest", "x = 1", "unittest.main(argv=['a'], exit=False)", "x = 2"], "1-3 2-3 3-4"),
    ("a deeper recursion is a barrier", ["import sys", "x = 1", "sys.setrecursionlimit(9999)", "y = 1"], "1-3 2-3 3-4"),
    ("the shell's formatters", ["ip = get_ipython()", "ip.display_formatter.formatters['text/html'].for_type(int, str)", "3"], "1-2 2-3"),
    ("the shell's options", ["x = 1", "get_ipython().ast_node_interactivity = 'all'", "x\nx"], "1-2 2-3"),
    ("a magic without percent sign", ["x = 1", "time y = x", "print(y)"], "1-2 2-3"),
    ("a magic that is Python too", ["x = 1", "cd", "y = 1"], "1-2 2-3"),
    ("a magic that a name hides", ["ls = [1]", "ls", "x = 2"], "1-2"),
    ("a magic before the name that hides it", ["pwd", "x = 1", "pwd = 3"], "1-3"),
    ("names of a text's own language, in a function", ["import numexpr as ne\ndef f(xs): return ne.evaluate('sum((xs - k) ** 2, axis=2)')", "k = 1", "f(1)", "k = 2"], "1-3 2-3 3-4"),
    ("await", ["import asyncio\nasync def f(): return x", "x = 1", "y = await f()", "x = 2"], "1-3 2-3 3-4"),
    ("shadowed builtin", ["print(sum([1]))", "sum = 3", "print(sum)"], "1-2 2-3"),
    ("class cell and its caller", ["class A: pass", "x = A()", "y = A()"], "1-2 1-3"),
    ("display history", ["1 + 1", "x = 1", "print(_)"], "1-3"),
    ("current figure", ["import matplotlib.pyplot as plt", "plt.plot([1])", "plt.title('t')"], "1-2 2-3"),
    ("figures of their own", ["import matplotlib.pyplot as plt", "fig, ax = plt.subplots()\nax.plot([1])\nplt.show()", "fig2, ax2 = plt.subplots()\nax2.plot([2])"], "1-2 1-3"),
    ("display options decide what is shown", ["import pandas as pd", "s = pd.Series(range(99))", "s", "pd.options.display.max_rows = 9", "s", "pd.set_option('display.max_rows', 5)"], "1-2 2-3 3-4 4-5 5-6"),
    ("print options decide what is shown", ["import numpy as np", "x = np.zeros(3)", "print(x)", "np.set_printoptions(precision=3)", "x"], "1-2 2-3 3-4 4-5"),
    ("warning filters decide what is shown", ["import warnings", "print(1)", "warnings.filterwarnings('ignore')", "print(2)"], "1-3 2-3 3-4"),
    ("frames draw from the global generator", ["import numpy as np, pandas as pd\nnp.random.seed(1)", "df = pd.DataFrame([1, 2])", "np.random.rand(3)", "df.sample(2)", "df.sample(2, random_state=1)"], "1-2 1-3 2-4 2-5 3-4"),
    ("saving adds an ending", ["import numpy as np", "np.save('some', [1])", "np.load('some.npy')"], "1-2 2-3"),
    ("a command installs what is imported", ["!pip install lib", "import lib", "print(1)", "import sys"], "1-2"),
    ("a magic installs what is imported", ["%pip install lib", "from lib import x"], "1-2"),
    ("a cell writes the module", ["%%writefile mod.py\nx = 1", "import mod\nmod.x", "%%file pkg/part.py\nx = 1", "from pkg import part"], "1-2 3-4"),
    ("a known function reads a file that a cell wrote", ["import matplotlib.pyplot as plt\nfig = plt.figure()\nfig.savefig('made.png')", "from IPython.display import Image\nImage('made.png')", "Image('other.png')"], "1-2 2-3"),
]
# fmt: on


def edges(sources: list[str]) -> str:
    """Return the edges between cells as text."""
    flow = connect([Cell(source, i + 1) for i, source in enumerate(sources)])
    return " ".join(f"{e.upstream + 1}-{e.downstream + 1}" for e in flow.edges)


@pytest.mark.parametrize(("sources", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_edges(sources, expected):
    """Each case has exactly its edges."""
    assert edges(sources) == expected


MODELS = """\
import numpy as np
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
"""


def test_models_fitted_on_the_same_data_are_independent():
    """Three models fitted and scored on one split have no edges between each other."""
    fits = [f"m{i} = {make}\nm{i}.fit(X_train, y_train)\ns{i} = m{i}.score(X_test, y_test)" for i, make in enumerate(
        ("LogisticRegression(max_iter=200)", "SVC()", "RandomForestClassifier(random_state=0)"))]  # fmt: skip
    data = (
        "X, y = load_iris(return_X_y=True)\nX_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)"
    )
    assert edges([MODELS, data, *fits, "print(s0, s1, s2)"]) == "1-2 2-3 2-4 2-5 3-6 4-6 5-6"


def test_plots_of_one_frame_are_independent():
    """Figures drawn from one array through axes of their own have no edges between each other."""
    plots = [
        f"fig{i}, ax{i} = plt.subplots()\nax{i}.hist(data[:, {i}])\nax{i}.set_title('{i}')\nfig{i}.tight_layout()\nplt.show()"
        for i in range(3)
    ]
    assert edges([MODELS, "data = np.arange(30).reshape(10, 3)", *plots]) == "1-2 2-3 2-4 2-5"


def test_models_in_a_dict_are_fitted_apart():
    """Models under their own keys do not wait for each other."""
    data = "X, y = load_iris(return_X_y=True)\nmodels = {'a': LogisticRegression(), 'b': SVC()}"
    assert edges([MODELS, data, "models['a'].fit(X, y)", "models['b'].fit(X, y)"]) == "1-2 2-3 2-4"


def test_why_names_what_is_shared():
    """An edge says in words which name, which cell and what happened there."""
    flow = connect([Cell("df = [1]", 4), Cell("df.append(2)", 5), Cell("print(df)", 9)])
    assert [e.why for e in flow.edges] == ["reads `df` from cell 4", "reads `df` from cell 5, mutated there"]
    assert flow.edges[1].names == frozenset({"df"})
    assert "read-after-write" in flow.edges[1].kinds


def test_needs_leaves_out_what_only_looks():
    """A cell that only shows a value is needed by nobody, one that changes it is."""
    flow = connect([Cell(s, i + 1) for i, s in enumerate(["xs = [1]", "xs", "xs.append(2)", "len(xs)", "print(xs)"])])
    assert flow.needs(4) == frozenset({0, 2})


def test_needs_goes_through_a_write_that_may_not_happen():
    """Where a cell may leave a name as it was, whoever wrote it before is needed too."""
    flow = connect([Cell(s, i + 1) for i, s in enumerate(["x = 1", "k = 0", "if k:\n    x = 2", "print(x)"])])
    assert flow.needs(3) == frozenset({0, 1, 2})


def test_needs_hidden_state():
    """A cell that seeds is needed by one that draws."""
    sources = ["import random", "random.seed(1)", "y = 2", "print(random.random())"]
    flow = connect([Cell(s, i + 1) for i, s in enumerate(sources)])
    assert flow.needs(3) == frozenset({0, 1})


def test_names_that_nobody_binds():
    """An undefined name is reported with its cell and line, also when a function reads it; builtins are not."""
    sources = ["def f():\n    return missing", "x = 1\nprint(absent)", "f()"]
    flow = connect([Cell(s, i + 1) for i, s in enumerate(sources)])
    assert flow.undefined == ((1, "absent", 2), (2, "missing", 2))


def test_definition_cells():
    """Imports, plain functions and classes, and immutable literals are definitions; anything that runs is not."""
    sources = [
        "import math\nfrom os import path",
        "def f(a, b=1):\n    return a",
        "K = 3\nT = (1, 'a', None)\nN = -1.5",
        "class A:\n    x = 1\n    def get(self): return self.x",
        "xs = []",
        "def g(a=[]): return a",
        "class B(A): pass",
        "y = f(1)",
        "import math\nmath.sin(1)",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 0",
        "from math import *",
        "Base = make()",
        "class C(Base): pass",
    ]
    flow = connect([Cell(s, i + 1) for i, s in enumerate(sources)])
    assert flow.definitions == frozenset({0, 1, 2, 3, 6, 9})


def test_barriers_say_why():
    """A cell that nobody can follow carries the reason."""
    flow = connect([Cell("x = 1", 1), Cell("exec('x = 2')", 2)])
    assert flow.barriers == {1: "reads or writes names by text"}
    assert flow.edges[0].why.endswith("comes after everything: reads or writes names by text")


def test_parameters_may_be_anything():
    """A parameter may be given a list that a cell then changes."""
    cells = [
        Cell("%%parameters\nrows = None", 1),
        Cell("kept = rows", 2),
        Cell("kept.append(1)", 3),
        Cell("print(rows)", 4),
    ]
    assert [(e.upstream, e.downstream) for e in connect(cells).edges] == [(0, 1), (1, 2), (2, 3)]


def test_syntax_error_names_cell_and_line():
    """Text that is not Python is one clear error with the cell's number and the line."""
    with pytest.raises(CellSyntaxError) as caught:
        connect([Cell("x = 1", 1), Cell("y = 1\nz = = 2", 2)])
    assert (caught.value.ordinal, caught.value.line) == (2, 2)


def test_same_cells_same_edges():
    """Analysing twice gives the same result, words included."""
    cells = [Cell(s, i + 1) for i, s in enumerate(c for case in CASES[:40] for c in case[1])]
    assert connect(cells).edges == connect(cells).edges


def test_a_thousand_cells_stay_linear():
    """A long notebook is analysed with one history per name, not one per pair of cells."""
    cells = [Cell(f"x{i} = x{i - 1} + 1" if i else "x0 = 0", i + 1) for i in range(1000)]
    assert len(connect(cells).edges) == 999
