"""Functions and classes of well-known libraries by import path; the language of the specs is in `effects`.

``lib.part.*`` stands for what is not listed by name below ``lib.part``, ``lib.part.A*`` for capitalised names there
(classes), ``lib.part.a*`` for the others. What no row matches is unknown, so may change all that it is given.
"""

# ruff: noqa: ISC004, E501 -- tables of words
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
    "operator.delitem": "scalar m0",
    "operator.call": "element c",
    "operator.itemgetter": "fresh:function",
    "operator.attrgetter": "fresh:function",
    "statistics.*": "scalar i",
    "string.*": "scalar",
    "string.Template": "hold:pattern",
    "textwrap.*": "scalar",
    "unicodedata.*": "scalar",
    "datetime.*": "scalar",
    "calendar.*": "scalar read:module:calendar",
    "calendar.setfirstweekday": "scalar use:module:calendar",
    "time.*": "scalar",
    "decimal.Decimal": "scalar",
    "decimal.getcontext": "fresh:unknown use:precision",
    "decimal.setcontext": "scalar use:precision",
    "decimal.localcontext": "fresh:context use:precision",
    "fractions.Fraction": "scalar",
    "uuid.*": "scalar",
    "base64.*": "scalar",
    "base64.encode": "scalar m0 m1",
    "base64.decode": "scalar m0 m1",
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
    "sys.path.*": "element use:sys.path",
    "sys.stdout.write": "scalar",
    "sys.stdout.flush": "scalar",
    "sys.stderr.write": "scalar",
    "hashlib.*": "fresh:file",
    "hashlib.file_digest": "fresh:file m0",
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
    "bisect.insort_left": "scalar m0",
    "bisect.insort_right": "scalar m0",
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
    "shutil.copyfileobj": "scalar m0 m1 use:files",
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
    "IPython.display.set_matplotlib_formats": "scalar use:rcparams",
    "matplotlib_inline.backend_inline.set_matplotlib_formats": "scalar use:rcparams",
    "matplotlib_inline.backend_inline.set_matplotlib_close": "scalar use:rcparams",
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

_STANDARD |= _rows(
    "operator",
    ("element m0", "iadd iand iconcat ifloordiv ilshift imatmul imod imul ior ipow irshift isub itruediv ixor"),
)

#: NumPy's universal functions of one and of two arrays: what they take by position after these, they write to.
_UNARY = (
    "abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh bitwise_count "
    "bitwise_invert bitwise_not cbrt ceil conj conjugate cos cosh deg2rad degrees exp exp2 expm1 fabs floor invert "
    "isfinite isinf isnan isnat log log10 log1p log2 logical_not negative positive rad2deg radians reciprocal rint "
    "sign signbit sin sinh spacing sqrt square tan tanh trunc"
)
_BINARY = (
    "add arctan2 atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal "
    "float_power floor_divide fmax fmin fmod gcd greater greater_equal heaviside hypot lcm ldexp left_shift less "
    "less_equal logaddexp logaddexp2 logical_and logical_or logical_xor matmul matvec maximum minimum mod multiply "
    "nextafter not_equal pow power remainder right_shift subtract true_divide vecdot vecmat"
)
#: The place of ``out`` in functions that take it by position too.
_OUT = _rows(
    "numpy",
    ("fresh:ndarray m1", f"{_UNARY} fix isneginf isposinf"),
    (
        "fresh:ndarray m2",
        f"{_BINARY} all amax amin any argmax argmin around choose concat concatenate dot max median min nanargmax "
        "nanargmin nanmax nanmedian nanmin outer ptp round stack",
    ),
    (
        "fresh:ndarray m3",
        "clip compress cumprod cumsum mean nancumprod nancumsum nanmean nanpercentile nanprod nanquantile nanstd nansum "
        "nanvar percentile prod quantile std sum take var",
    ),
    (
        "fresh:ndarray m4",
        "is_busday fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 "
        "fft.irfftn fft.rfft fft.rfft2 fft.rfftn",
    ),
    ("fresh:ndarray m5", "busday_count trace"),
    ("fresh:ndarray m6", "busday_offset"),
    ("fresh:ndarray m1 m2", "frexp modf"),
    ("fresh:ndarray m2 m3", "divmod"),
)
_UFUNC_METHODS = {
    f"numpy.{name}.{method}": spec
    for name in f"{_UNARY} {_BINARY} frexp modf divmod".split()
    for method, spec in (
        ("at", "scalar m0"),
        ("reduce", "fresh:ndarray m3"),
        ("accumulate", "fresh:ndarray m3"),
        ("reduceat", "fresh:ndarray m4"),
    )
}
_NUMPY = {"numpy.a*": "fresh:ndarray", "numpy.linalg.*": "fresh:ndarray", "numpy.fft.*": "fresh:ndarray"} | _rows(
    "numpy",
    (
        "view:ndarray",
        "asarray asanyarray ascontiguousarray asfortranarray atleast_1d atleast_2d atleast_3d reshape ravel transpose "
        "swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to broadcast_arrays split array_split hsplit vsplit "
        "dsplit diagonal diag flip fliplr flipud rot90 real imag require nan_to_num ix_ trim_zeros matrix_transpose "
        # Of some arguments these give back what they were given, or a view of it.
        "asarray_chkfinite asmatrix mat permute_dims real_if_close unstack from_dlpack frombuffer diff einsum polyint "
        "histogram histogram2d histogramdd histogram_bin_edges linalg.matrix_transpose linalg.diagonal "
        "float64 float32 float16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 complex128 complex64 double cdouble "
        "single csingle longdouble clongdouble float128 complex256 intp uintp int_ uint long ulong longlong ulonglong "
        "intc uintc short ushort byte ubyte half bool bool_",
    ),
    ("scalar m0", "put place putmask copyto fill_diagonal put_along_axis"),
    ("scalar use:numpy.settings", "set_printoptions seterr seterrcall setbufsize set_string_function"),
    ("fresh:context", "printoptions errstate"),
    ("fresh:ndarray c", "apply_along_axis apply_over_axes fromfunction piecewise fromiter"),
    ("hold:unknown", "vectorize frompyfunc poly1d nditer ndenumerate ndindex memmap lib testing ma"),
    (
        "scalar",
        "ndim size shape isscalar str_ dtype finfo iinfo isclose allclose array_equal array_equiv issubdtype result_type "
        "can_cast datetime64 timedelta64 show_config array2string array_repr array_str iterable",
    ),
    ("fresh:ndarray reads0", "load loadtxt genfromtxt fromfile"),
    ("scalar writes0", "save savetxt savez savez_compressed"),
)
_NUMPY_RANDOM = {"numpy.random.*": "fresh:ndarray use:numpy.random"} | _rows(
    "numpy.random",
    ("scalar new:numpy.random", "seed set_state"),
    ("fresh:rng", "PCG64 PCG64DXSM MT19937 Philox SFC64 SeedSequence"),
    ("view:rng", "default_rng RandomState Generator"),
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
        "concat merge merge_asof merge_ordered melt pivot cut qcut get_dummies from_dummies "
        "to_datetime to_timedelta to_numeric date_range bdate_range period_range timedelta_range isna isnull notna "
        "notnull unique value_counts factorize json_normalize wide_to_long MultiIndex.from_tuples "
        "MultiIndex.from_product MultiIndex.from_arrays MultiIndex.from_frame interval_range lreshape",
    ),
    ("fresh:pandas c", "pivot_table crosstab"),
    ("scalar", "Timestamp Timedelta Period DateOffset CategoricalDtype NA NaT Grouper NamedAgg Interval"),
    (
        "fresh:pandas reads0 c",
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
    "matplotlib.pyplot.setp": "scalar m0 draw",
    "matplotlib.pyplot.xkcd": "fresh:context use:rcparams",
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
    "matplotlib.rcdefaults": "scalar use:rcparams",
    "matplotlib.rc_file": "scalar use:rcparams",
    "matplotlib.rc_file_defaults": "scalar use:rcparams",
    "matplotlib.rc_context": "fresh:context use:rcparams",
    "matplotlib.pyplot.rcParamsDefault.copy": "fresh:dict",
    "matplotlib.style.context": "fresh:context use:rcparams",
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
    "seaborn.set_color_codes": "scalar use:rcparams",
    "seaborn.reset_defaults": "scalar use:rcparams",
    "seaborn.reset_orig": "scalar use:rcparams",
    "seaborn.axes_style": "fresh:context use:rcparams",
    "seaborn.plotting_context": "fresh:context use:rcparams",
    "seaborn.stripplot": "fresh:axes draw use:numpy.random",
    "seaborn.despine": "scalar draw",
} | _rows(
    "matplotlib.pyplot",
    (
        "scalar use:rcparams draw",
        "autumn bone cool copper flag gray hot hsv inferno jet magma nipy_spectral pink plasma prism spring summer "
        "viridis winter set_cmap",
    ),
)
_FIGURE_LEVEL = _rows(
    "seaborn",
    ("grid", "pairplot jointplot catplot relplot displot lmplot clustermap FacetGrid PairGrid JointGrid factorplot"),
)

_ESTIMATORS = (
    "cluster compose covariance cross_decomposition decomposition discriminant_analysis dummy ensemble "
    "feature_extraction feature_extraction.text feature_selection gaussian_process impute isotonic kernel_approximation "
    "kernel_ridge linear_model manifold mixture model_selection multiclass multioutput naive_bayes neighbors "
    "neural_network pipeline preprocessing random_projection semi_supervised svm tree base calibration"
)
_SKLEARN = (
    {f"sklearn.{part}.A*": "estimator" for part in _ESTIMATORS.split()}
    | {f"sklearn.{part}.a*": "fresh:ndarray rand c" for part in _ESTIMATORS.split()}
    | {
        "sklearn.metrics.a*": "fresh:ndarray c",
        "sklearn.metrics.A*": "fresh:axes draw",
        "sklearn.metrics.*": "fresh:ndarray",
        "sklearn.datasets.*": "fresh:bunch rand",
        "sklearn.utils.*": "fresh:list rand",
        "sklearn.utils.validation.*": "view:ndarray",
        "sklearn.utils.check_array": "view:ndarray",
        "sklearn.utils.check_X_y": "view:ndarray",
        "sklearn.utils.column_or_1d": "view:ndarray",
        "sklearn.utils.as_float_array": "view:ndarray",
        "sklearn.utils.indexable": "view:ndarray",
        "sklearn.utils.check_random_state": "",  # NumPy's global generator, or the one it is given
        "sklearn.utils.validation.check_random_state": "",
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
_SCIPY = (
    {
        f"scipy.{part}.*": "fresh:ndarray"
        for part in ["special", "linalg", "fft", "ndimage", "sparse", "constants", "signal"]
    }
    | _rows(
        "scipy.ndimage",
        (
            "fresh:ndarray c",
            "generic_filter generic_filter1d generic_gradient_magnitude generic_laplace geometric_transform "
            "labeled_comprehension",
        ),
    )
    | _rows(
        "scipy.special",
        (
            "fresh:ndarray m1",
            "cbrt digamma psi erf erfc erfcx erfi erfinv erfcinv exp10 exp2 expit expm1 gamma gammaln loggamma log1p "
            "log_expit logit rgamma ndtr ndtri log_ndtr i0 i1 j0 j1 k0 k1 y0 y1 entr sinc cosm1 exprel zeta",
        ),
    )
    | _rows(  # They share the arrays that they are made of.
        "scipy.sparse",
        (
            "view:ndarray",
            " ".join(
                f"{form}_{what}"
                for form in ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"]
                for what in ("matrix", "array")
            ),
        ),
    )
)

TABLE: dict[str, str] = (
    _BUILTINS
    | _EXCEPTIONS
    | _STANDARD
    | _OUT
    | _UFUNC_METHODS
    | _NUMPY
    | _NUMPY_RANDOM
    | _PANDAS
    | _PYPLOT
    | _FIGURE_LEVEL
    | _SKLEARN
    | _SCIPY
)

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

#: Estimators that draw no random numbers unless told to (their ``random_state`` is unused or absent by default).
DETERMINISTIC = frozenset(
    [
        "LinearRegression",
        "Ridge",
        "Lasso",
        "ElasticNet",
        "LogisticRegression",
        "StandardScaler",
        "MinMaxScaler",
        "MaxAbsScaler",
        "RobustScaler",
        "Normalizer",
        "Binarizer",
        "OneHotEncoder",
        "OrdinalEncoder",
        "LabelEncoder",
        "LabelBinarizer",
        "PolynomialFeatures",
        "SimpleImputer",
        "KNNImputer",
        "KNeighborsClassifier",
        "KNeighborsRegressor",
        "NearestNeighbors",
        "GaussianNB",
        "MultinomialNB",
        "BernoulliNB",
        "ComplementNB",
        "SVC",
        "SVR",
        "Pipeline",
        "FeatureUnion",
        "ColumnTransformer",
        "make_pipeline",
        "make_union",
        "make_column_transformer",
        "CountVectorizer",
        "TfidfVectorizer",
        "TfidfTransformer",
        "HashingVectorizer",
        "LinearDiscriminantAnalysis",
        "QuadraticDiscriminantAnalysis",
        "AgglomerativeClustering",
        "DBSCAN",
        "SelectKBest",
        "VarianceThreshold",
        "FunctionTransformer",
        "IsotonicRegression",
        "DictVectorizer",
        "PowerTransformer",
        "MultiLabelBinarizer",
        "KernelDensity",
        "BayesianRidge",
        "HuberRegressor",
        "KFold",
        "GroupKFold",
        "TimeSeriesSplit",
        "LeaveOneOut",
        "StratifiedKFold",
        "GridSearchCV",
        "RidgeCV",
    ]
)
