"""Functions of NumPy and SciPy."""

# ruff: noqa: ISC004, E501 -- tables of words
from __future__ import annotations

from jupyter_flows.capture.knowledge.rows import rows

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
_OUT = rows(
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
_NUMPY = {"numpy.a*": "fresh:ndarray", "numpy.linalg.*": "fresh:ndarray", "numpy.fft.*": "fresh:ndarray"} | rows(
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
_NUMPY_RANDOM = {"numpy.random.*": "fresh:ndarray use:numpy.random"} | rows(
    "numpy.random",
    ("scalar new:numpy.random", "seed set_state"),
    ("fresh:rng", "PCG64 PCG64DXSM MT19937 Philox SFC64 SeedSequence"),
    ("view:rng", "default_rng RandomState Generator"),
    ("scalar m0 use:numpy.random", "shuffle"),
)
_SCIPY = (
    {
        f"scipy.{part}.*": "fresh:ndarray"
        for part in ["special", "linalg", "fft", "ndimage", "sparse", "constants", "signal"]
    }
    | rows(
        "scipy.ndimage",
        (
            "fresh:ndarray c",
            "generic_filter generic_filter1d generic_gradient_magnitude generic_laplace geometric_transform "
            "labeled_comprehension",
        ),
    )
    | rows(
        "scipy.special",
        (
            "fresh:ndarray m1",
            "cbrt digamma psi erf erfc erfcx erfi erfinv erfcinv exp10 exp2 expit expm1 gamma gammaln loggamma log1p "
            "log_expit logit rgamma ndtr ndtri log_ndtr i0 i1 j0 j1 k0 k1 y0 y1 entr sinc cosm1 exprel zeta",
        ),
    )
    | rows(  # They share the arrays that they are made of.
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

TABLE = _OUT | _UFUNC_METHODS | _NUMPY | _NUMPY_RANDOM | _SCIPY
