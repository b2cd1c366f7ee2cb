"""Functions and classes of well-known libraries by import path; the language of the specs is in `effects`.

``lib.part.*`` stands for what is not listed by name below ``lib.part``, ``lib.part.A*`` for capitalised names there
(classes), ``lib.part.a*`` for the others. What no row matches is unknown, so may change all that it is given.
"""

from __future__ import annotations

import builtins

#: Rows of these are complete: do not look for a wildcard further up.
STOP = frozenset({"numpy.random", "pandas.plotting", "pandas.io", "numpy.lib", "numpy.ma"})


def _rows(prefix: str, *rows: tuple[str, str]) -> dict[str, str]:
    return {f"{prefix}.{name}": spec for spec, names in rows for name in names.split()}


_BUILTINS = _rows(
    "builtins",
    (
        "scalar",
        "abs ascii bin bool bytes callable chr complex divmod float format hasattr hash hex id int isinstance "
        "issubclass len object oct ord pow print range repr round slice str help dir exit quit property staticmethod "
        "classmethod display",
    ),
    ("scalar i", "all any"),
    ("element i", "sum"),
    ("element c i", "min max"),
    ("fresh:list i", "list"),
    ("fresh:list c i", "sorted"),
    ("fresh:tuple i", "tuple"),
    ("fresh:set i", "set"),
    ("fresh:set i", "frozenset"),
    ("fresh:dict i", "dict dict.fromkeys"),
    ("fresh:list i", "bytearray"),
    ("view:list", "memoryview"),
    ("scalar", "str.join int.from_bytes float.fromhex bytes.fromhex str.maketrans"),
    ("scalar barrier:reads-or-writes-names-by-text", "eval exec globals locals vars compile __import__"),
    ("scalar barrier:stops-for-a-debugger", "breakpoint"),
    ("scalar use:stdin", "input"),
)
_EXCEPTIONS = {
    f"builtins.{name}": "hold:tuple"
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}

_STANDARD = {
    "math.*": "scalar",
    "cmath.*": "scalar",
    "operator.*": "element",
    "operator.setitem": "scalar m0",
    "operator.itemgetter": "fresh:function",
    "operator.attrgetter": "fresh:function",
    "statistics.*": "scalar i",
    "string.*": "scalar",
    "string.Template": "hold:pattern",
    "textwrap.*": "scalar",
    "unicodedata.*": "scalar",
    "datetime.*": "scalar",
    "calendar.*": "scalar",
    "time.*": "scalar",
    "decimal.Decimal": "scalar",
    "fractions.Fraction": "scalar",
    "uuid.*": "scalar",
    "base64.*": "scalar",
    "binascii.*": "scalar",
    "zlib.*": "scalar",
    "html.escape": "scalar",
    "html.unescape": "scalar",
    "typing.*": "scalar",
    "platform.*": "scalar",
    "getpass.getuser": "scalar",
    "gc.collect": "scalar",
    "sys.getsizeof": "scalar",
    "sys.exit": "scalar",
    "sys.getrecursionlimit": "scalar",
    "sys.path.append": "scalar use:sys.path",
    "sys.path.insert": "scalar use:sys.path",
    "sys.path.extend": "scalar use:sys.path",
    "sys.stdout.write": "scalar",
    "sys.stdout.flush": "scalar",
    "sys.stderr.write": "scalar",
    "hashlib.*": "fresh:file",
    "re.compile": "scalar",
    "re.*": "scalar c",
    "re.match": "fresh:pattern",
    "re.search": "fresh:pattern",
    "re.fullmatch": "fresh:pattern",
    "re.findall": "fresh:list",
    "re.split": "fresh:list",
    "re.finditer": "iter",
    "json.dumps": "scalar c",
    "json.loads": "fresh:json",
    "json.load": "fresh:json m0",
    "json.dump": "scalar m1",
    "pickle.dumps": "scalar",
    "pickle.dump": "scalar m1",
    "copy.copy": "copy",
    "copy.deepcopy": "copy",
    "pprint.pprint": "scalar",
    "pprint.pformat": "scalar",
    "struct.pack": "scalar",
    "struct.unpack": "fresh:tuple",
    "struct.calcsize": "scalar",
    "bisect.insort": "scalar m0",
    "bisect.*": "scalar",
    "heapq.heappush": "hold:list m0",
    "heapq.heappop": "element m0",
    "heapq.heapify": "scalar m0",
    "heapq.heappushpop": "element m0",
    "heapq.heapreplace": "element m0",
    "heapq.nlargest": "fresh:list c i",
    "heapq.nsmallest": "fresh:list c i",
    "collections.Counter": "fresh:dict i",
    "collections.OrderedDict": "fresh:dict i",
    "collections.deque": "fresh:list i",
    "collections.ChainMap": "hold:dict",
    "functools.reduce": "element c i",
    "functools.wraps": "scalar",
    "functools.total_ordering": "args",
    "itertools.*": "lazy",
    "itertools.chain.from_iterable": "lazy",
    "contextlib.suppress": "fresh:context",
    "contextlib.nullcontext": "hold:context",
    "contextlib.redirect_stdout": "hold:context",
    "dataclasses.asdict": "fresh:dict",
    "dataclasses.astuple": "fresh:tuple",
    "dataclasses.field": "scalar",
    "dataclasses.replace": "fresh:unknown",
    "dataclasses.is_dataclass": "scalar",
    "inspect.getsource": "scalar",
    "inspect.signature": "scalar",
    "textwrap.dedent": "scalar",
    "urllib.parse.*": "scalar",
    "shutil.which": "scalar read:environ",
    "shutil.*": "scalar use:files",
    "tempfile.*": "fresh:path use:files",
    "glob.*": "fresh:list read:files",
    "pathlib.*": "fresh:path",
    "pathlib.Path.cwd": "fresh:path",
    "io.StringIO": "fresh:file",
    "io.BytesIO": "fresh:file",
    "os.path.*": "scalar",
    "os.path.exists": "scalar reads0",
    "os.path.isfile": "scalar reads0",
    "os.path.isdir": "scalar read:files",
    "os.path.getsize": "scalar reads0",
    "os.path.getmtime": "scalar reads0",
    "os.getcwd": "scalar",
    "os.getpid": "scalar",
    "os.cpu_count": "scalar",
    "os.urandom": "scalar",
    "os.fspath": "scalar",
    "os.listdir": "fresh:list read:files",
    "os.scandir": "fresh:list read:files",
    "os.walk": "iter read:files",
    "os.stat": "scalar reads0",
    "os.makedirs": "scalar use:files",
    "os.mkdir": "scalar use:files",
    "os.remove": "scalar writes0",
    "os.unlink": "scalar writes0",
    "os.rename": "scalar use:files",
    "os.replace": "scalar use:files",
    "os.rmdir": "scalar use:files",
    "os.system": "scalar use:files use:environ",
    "os.chdir": "scalar barrier:changes-the-working-directory",
    "os.getenv": "scalar read:environ",
    "os.environ.get": "scalar read:environ",
    "os.environ.copy": "fresh:dict read:environ",
    "os.environ.items": "fresh:list read:environ",
    "os.environ.keys": "fresh:list read:environ",
    "os.environ.setdefault": "scalar use:environ",
    "os.environ.update": "scalar use:environ",
    "os.environ.pop": "scalar use:environ",
    "os.putenv": "scalar use:environ",
    "subprocess.run": "fresh:tuple use:files read:environ",
    "subprocess.check_output": "scalar use:files read:environ",
    "subprocess.check_call": "scalar use:files read:environ",
    "subprocess.call": "scalar use:files read:environ",
    "subprocess.getoutput": "scalar use:files read:environ",
    "random.*": "element use:random",
    "random.seed": "scalar new:random",
    "random.setstate": "scalar new:random",
    "random.shuffle": "scalar m0 use:random",
    "random.sample": "fresh:list use:random",
    "random.choices": "fresh:list use:random",
    "random.Random": "fresh:rng",
    "warnings.warn": "scalar read:warnings",
    "warnings.filterwarnings": "scalar use:warnings",
    "warnings.simplefilter": "scalar use:warnings",
    "warnings.resetwarnings": "scalar use:warnings",
    "warnings.catch_warnings": "fresh:context use:warnings",
    "logging.basicConfig": "scalar use:logging",
    "logging.disable": "scalar use:logging",
    "logging.getLogger": "fresh:logger use:logging",
    "logging.info": "scalar read:logging",
    "logging.debug": "scalar read:logging",
    "logging.warning": "scalar read:logging",
    "logging.error": "scalar read:logging",
    "logging.exception": "scalar read:logging",
    "logging.critical": "scalar read:logging",
    "locale.*": "scalar use:locale",
    "IPython.display.*": "scalar",
    "IPython.display.A*": "hold:tuple",
    "IPython.display.display": "scalar",
    "IPython.get_ipython": "fresh:unknown",
    "tqdm.tqdm": "wrap",
    "tqdm.trange": "wrap",
    "tqdm.auto.tqdm": "wrap",
    "tqdm.notebook.tqdm": "wrap",
    "tqdm.auto.trange": "wrap",
    "tqdm.notebook.trange": "wrap",
    "tqdm.tqdm_notebook": "wrap",
    "threading.Thread": "scalar barrier:starts-a-thread",
    "threading.Timer": "scalar barrier:starts-a-thread",
    "asyncio.create_task": "scalar barrier:starts-work-that-goes-on-after-the-cell",
    "asyncio.ensure_future": "scalar barrier:starts-work-that-goes-on-after-the-cell",
    "signal.signal": "scalar barrier:changes-signal-handling",
    "importlib.reload": "scalar barrier:reloads-a-module",
    "importlib.import_module": "fresh:unknown",
    "sys.setrecursionlimit": "scalar use:module:sys",
}

_NUMPY = {"numpy.a*": "fresh:ndarray", "numpy.linalg.*": "fresh:ndarray", "numpy.fft.*": "fresh:ndarray"} | _rows(
    "numpy",
    (
        "view:ndarray",
        "asarray asanyarray ascontiguousarray asfortranarray atleast_1d atleast_2d atleast_3d reshape ravel transpose "
        "swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to broadcast_arrays split array_split hsplit vsplit "
        "dsplit diagonal diag flip fliplr flipud rot90 real imag require nan_to_num ix_ trim_zeros matrix_transpose",
    ),
    ("scalar m0", "put place putmask copyto fill_diagonal put_along_axis"),
    ("scalar use:numpy.settings", "set_printoptions seterr seterrcall setbufsize set_string_function"),
    ("fresh:context", "printoptions errstate"),
    ("fresh:ndarray c", "apply_along_axis apply_over_axes fromfunction piecewise fromiter"),
    ("hold:unknown", "vectorize frompyfunc poly1d nditer ndenumerate ndindex memmap lib testing ma"),
    (
        "scalar",
        "ndim size shape isscalar float64 float32 float16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool_ str_ "
        "complex128 complex64 dtype finfo iinfo isclose allclose array_equal array_equiv issubdtype result_type "
        "can_cast datetime64 timedelta64 show_config array2string array_repr array_str iterable",
    ),
    ("fresh:ndarray reads0", "load loadtxt genfromtxt fromfile"),
    ("scalar writes0", "save savetxt savez savez_compressed"),
)
_NUMPY_RANDOM = {"numpy.random.*": "fresh:ndarray use:numpy.random"} | _rows(
    "numpy.random",
    ("scalar new:numpy.random", "seed set_state"),
    ("fresh:rng", "default_rng RandomState PCG64 MT19937 SeedSequence"),
    ("hold:rng", "Generator"),
    ("scalar m0 use:numpy.random", "shuffle"),
)

_PANDAS = {
    "pandas.DataFrame.from_dict": "fresh:pandas",
    "pandas.DataFrame.from_records": "fresh:pandas",
    "pandas.io.json.json_normalize": "fresh:pandas",
    "pandas.testing.*": "scalar",
    "pandas.api.types.*": "scalar",
    "pandas.tseries.offsets.*": "scalar",
    "pandas.plotting.scatter_matrix": "fresh:ndarray draw",
} | _rows(
    "pandas",
    ("view:pandas", "DataFrame Series Index MultiIndex Categorical CategoricalIndex DatetimeIndex array"),
    (
        "fresh:pandas",
        "concat merge merge_asof merge_ordered melt pivot pivot_table crosstab cut qcut get_dummies from_dummies "
        "to_datetime to_timedelta to_numeric date_range bdate_range period_range timedelta_range isna isnull notna "
        "notnull unique value_counts factorize json_normalize wide_to_long MultiIndex.from_tuples "
        "MultiIndex.from_product MultiIndex.from_arrays MultiIndex.from_frame interval_range lreshape",
    ),
    ("scalar", "Timestamp Timedelta Period DateOffset CategoricalDtype NA NaT Grouper NamedAgg Interval"),
    (
        "fresh:pandas reads0",
        "read_csv read_table read_excel read_json read_parquet read_pickle read_feather read_fwf read_stata read_sas "
        "read_spss read_orc read_xml",
    ),
    ("fresh:pandas m1", "read_sql read_sql_query read_sql_table"),
    ("fresh:list reads0", "read_html"),
    ("fresh:pandas", "read_clipboard"),
    ("scalar use:pandas.options", "set_option reset_option describe_option set_eng_float_format"),
    ("fresh:context use:pandas.options", "option_context"),
    ("scalar read:pandas.options", "get_option"),
)

_PYPLOT = {
    "matplotlib.pyplot.*": "fresh:axes draw",
    "matplotlib.pyplot.subplots": "subplots",
    "matplotlib.pyplot.figure": "figure",
    "matplotlib.pyplot.subplot_mosaic": "subplots",
    "matplotlib.pyplot.show": "scalar draw",
    "matplotlib.pyplot.close": "scalar draw",
    "matplotlib.pyplot.savefig": "scalar draw writes0",
    "matplotlib.pyplot.imread": "fresh:ndarray reads0",
    "matplotlib.pyplot.imsave": "scalar writes0",
    "matplotlib.pyplot.get_cmap": "fresh:unknown",
    "matplotlib.pyplot.rc": "scalar use:rcparams",
    "matplotlib.pyplot.rcParams.update": "scalar use:rcparams",
    "matplotlib.pyplot.rcdefaults": "scalar use:rcparams",
    "matplotlib.pyplot.style.use": "scalar use:rcparams",
    "matplotlib.pyplot.style.context": "fresh:context use:rcparams",
    "matplotlib.pyplot.rc_context": "fresh:context use:rcparams",
    "matplotlib.pyplot.switch_backend": "scalar use:rcparams",
    "matplotlib.pyplot.ion": "scalar use:rcparams",
    "matplotlib.pyplot.ioff": "scalar use:rcparams",
    "matplotlib.rc": "scalar use:rcparams",
    "matplotlib.use": "scalar use:rcparams",
    "matplotlib.rcParams.update": "scalar use:rcparams",
    "matplotlib.style.use": "scalar use:rcparams",
    "matplotlib.figure.Figure": "fresh:figure",
    "matplotlib.patches.*": "hold:axes",
    "matplotlib.lines.*": "hold:axes",
    "matplotlib.ticker.*": "hold:axes",
    "matplotlib.dates.*": "hold:axes",
    "matplotlib.cm.*": "fresh:ndarray",
    "matplotlib.colormaps.*": "fresh:ndarray",
    "matplotlib.gridspec.*": "hold:figure",
    "seaborn.*": "fresh:axes draw",
    "seaborn.load_dataset": "fresh:pandas",
    "seaborn.get_dataset_names": "fresh:list",
    "seaborn.color_palette": "fresh:list read:rcparams",
    "seaborn.set": "scalar use:rcparams",
    "seaborn.set_theme": "scalar use:rcparams",
    "seaborn.set_style": "scalar use:rcparams",
    "seaborn.set_context": "scalar use:rcparams",
    "seaborn.set_palette": "scalar use:rcparams",
    "seaborn.despine": "scalar draw",
}
_FIGURE_LEVEL = _rows("seaborn", ("grid", "pairplot jointplot catplot relplot displot lmplot clustermap FacetGrid PairGrid JointGrid factorplot"))

_ESTIMATORS = (
    "cluster compose covariance cross_decomposition decomposition discriminant_analysis dummy ensemble "
    "feature_extraction feature_extraction.text feature_selection gaussian_process impute isotonic kernel_approximation "
    "kernel_ridge linear_model manifold mixture model_selection multiclass multioutput naive_bayes neighbors "
    "neural_network pipeline preprocessing random_projection semi_supervised svm tree base calibration"
)
_SKLEARN = (
    {f"sklearn.{part}.A*": "estimator" for part in _ESTIMATORS.split()}
    | {f"sklearn.{part}.a*": "fresh:ndarray rand" for part in _ESTIMATORS.split()}
    | {
        "sklearn.metrics.a*": "fresh:ndarray",
        "sklearn.metrics.A*": "fresh:axes draw",
        "sklearn.metrics.*": "fresh:ndarray",
        "sklearn.datasets.*": "fresh:bunch rand",
        "sklearn.utils.*": "fresh:list rand",
        "sklearn.inspection.*": "fresh:bunch rand",
        "sklearn.inspection.A*": "fresh:axes draw",
        "sklearn.model_selection.train_test_split": "split rand",
        "sklearn.pipeline.make_pipeline": "estimator",
        "sklearn.pipeline.make_union": "estimator",
        "sklearn.compose.make_column_transformer": "estimator",
        "sklearn.compose.make_column_selector": "estimator",
        "sklearn.base.clone": "copy",
        "sklearn.tree.plot_tree": "fresh:axes draw",
        "sklearn.tree.export_text": "scalar",
        "sklearn.set_config": "scalar use:module:sklearn",
        "sklearn.metrics.make_scorer": "hold:unknown",
    }
)
_SCIPY = {f"scipy.{part}.*": "fresh:ndarray" for part in "special linalg fft ndimage sparse constants signal".split()}

TABLE: dict[str, str] = (
    _BUILTINS | _EXCEPTIONS | _STANDARD | _NUMPY | _NUMPY_RANDOM | _PANDAS | _PYPLOT | _FIGURE_LEVEL | _SKLEARN | _SCIPY
)

#: Attributes of libraries that are immutable constants (or classes used as such).
CONSTANTS = frozenset(
    "math.pi math.e math.inf math.nan math.tau numpy.pi numpy.e numpy.inf numpy.nan numpy.newaxis numpy.NaN "
    "sys.version sys.version_info sys.platform sys.executable sys.maxsize sys.byteorder os.sep os.linesep os.name "
    "os.pathsep string.ascii_letters string.ascii_lowercase string.ascii_uppercase string.digits string.punctuation "
    "string.whitespace string.printable builtins.NotImplemented builtins.Ellipsis builtins.__name__ builtins.__doc__ "
    "builtins.__file__ numpy.float64 numpy.int64 numpy.float32 numpy.int32 numpy.uint8 numpy.bool_ numpy.euler_gamma "
    "pandas.NA pandas.NaT numpy.__version__ pandas.__version__ sklearn.__version__ matplotlib.__version__ "
    "re.IGNORECASE re.I re.MULTILINE re.M re.DOTALL re.S re.VERBOSE re.X datetime.timezone.utc".split()
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

#: Estimators that draw no random numbers unless told to (their ``random_state`` is unused or absent by default).
DETERMINISTIC = frozenset(
    "LinearRegression Ridge Lasso ElasticNet LogisticRegression StandardScaler MinMaxScaler MaxAbsScaler RobustScaler "
    "Normalizer Binarizer OneHotEncoder OrdinalEncoder LabelEncoder LabelBinarizer PolynomialFeatures SimpleImputer "
    "KNNImputer KNeighborsClassifier KNeighborsRegressor NearestNeighbors GaussianNB MultinomialNB BernoulliNB "
    "ComplementNB SVC SVR Pipeline FeatureUnion ColumnTransformer make_pipeline make_union make_column_transformer "
    "CountVectorizer TfidfVectorizer TfidfTransformer "
    "HashingVectorizer LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis AgglomerativeClustering DBSCAN "
    "SelectKBest VarianceThreshold FunctionTransformer IsotonicRegression DictVectorizer PowerTransformer "
    "MultiLabelBinarizer KernelDensity BayesianRidge HuberRegressor KFold GroupKFold TimeSeriesSplit "
    "LeaveOneOut StratifiedKFold GridSearchCV RidgeCV".split()
)
