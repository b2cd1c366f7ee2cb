"""Methods by the kind of their receiver; the language of the specs is in `effects`."""

# ruff: noqa: ISC004 -- tables of words
from __future__ import annotations


def _rows(*rows: tuple[str, str]) -> dict[str, str]:
    return {name: spec for spec, names in rows for name in names.split()}


_LIST = _rows(
    ("scalar w s", "append insert appendleft"),
    ("scalar w s i", "extend extendleft"),
    ("element w", "pop popleft"),
    ("scalar w", "remove clear reverse rotate"),
    ("scalar w c", "sort"),
    ("fresh:list", "copy"),
    ("scalar", "index count"),
)
_DICT = _rows(
    ("element", "get"),
    ("element w", "pop popitem"),
    ("element w s", "setdefault"),
    ("scalar w s i", "update"),
    ("scalar w", "clear"),
    ("view:list", "keys values"),
    ("view:items", "items"),
    ("fresh:dict", "copy"),
    ("fresh:list", "most_common elements"),
    ("scalar", "total"),
    ("scalar w s i", "subtract"),
    ("scalar w", "move_to_end"),
)
_SET = _rows(
    ("scalar w s", "add"),
    ("scalar w s i", "update intersection_update difference_update symmetric_difference_update"),
    ("element w", "pop"),
    ("scalar w", "remove discard clear"),
    ("fresh:set i", "copy union intersection difference symmetric_difference"),
    ("scalar i", "issubset issuperset isdisjoint"),
)
_PANDAS = _rows(
    (
        "fresh:pandas",
        "describe sample copy dropna fillna drop drop_duplicates duplicated reset_index set_index "
        "mean median std var sum min max count nunique value_counts mode quantile cumsum cumprod "
        "cummax cummin diff pct_change shift rank round abs cov corrwith isnull isna notnull notna astype "
        "merge join isin between melt pivot stack unstack nlargest nsmallest idxmax "
        "idxmin any all query get_group size ngroup cumcount first last nth ffill bfill interpolate add sub mul div "
        "truediv floordiv mod pow radd rsub rmul rdiv eq ne lt le gt ge dot skew kurt sem prod product unique explode "
        "convert_dtypes infer_objects resample rolling expanding ewm combine_first tz_localize "
        "tz_convert normalize strftime to_period to_timestamp day_name month_name floor ceil total_seconds repeat "
        "append compare asfreq asof between_time at_time select_dtypes filter reindex reindex_like add_prefix "
        "add_suffix set_axis swaplevel droplevel reorder_levels equals factorize "
        "get_dummies cut qcut searchsorted argsort argmax argmin autocorr crosstab ohlc lookup to_series sum_of "
        "lower upper title strip lstrip rstrip split rsplit contains startswith endswith extract extractall findall "
        "len slice slice_replace cat zfill pad center capitalize swapcase isdigit isalpha isnumeric match fullmatch "
        "get_loc get_indexer difference union intersection symmetric_difference isocalendar to_pydatetime "
        "as_ordered as_unordered remove_unused_categories add_categories set_categories "
        "reorder_categories remove_categories to_flat_index get_level_values map_locations memory_usage bool item",
    ),
    # Some of these are views with older versions of pandas only.
    ("view:pandas", "clip xs swapaxes loc iloc head tail get squeeze truncate transpose to_frame"),
    ("view:pandas c", "groupby"),
    (
        "fresh:pandas c",
        "apply applymap map agg aggregate transform pipe assign combine filter rename rename_axis rename_categories "
        "sort_values sort_index replace where mask pivot_table corr",
    ),
    ("iter", "iterrows itertuples items iteritems"),
    ("fresh:dict", "to_dict"),
    ("fresh:list", "tolist to_list to_records"),
    ("view:ndarray", "to_numpy ravel"),
    ("scalar", "info to_markdown to_json keys"),
    ("scalar c", "to_string to_html to_latex"),
    ("scalar m1", "to_sql"),
    ("scalar writes0 c", "to_csv"),
    ("scalar writes0", "to_excel to_parquet to_pickle to_feather to_hdf to_stata"),
    (
        "fresh:axes draw",
        "plot hist boxplot plot.line plot.bar plot.barh plot.scatter plot.hist plot.box plot.kde plot.area plot.pie",
    ),
    ("element w", "pop"),
    ("scalar w s", "insert update"),
)
_PANDAS |= dict.fromkeys(("sample",), "fresh:pandas rand")
_NDARRAY = _rows(
    (
        "fresh:ndarray",
        "copy argsort astype nonzero tolist item searchsorted repeat tobytes flatten",
    ),
    # The place of ``out``, which these take by position too.
    ("fresh:ndarray m1", "min max argmin argmax all any round dot choose ptp"),
    ("fresh:ndarray m2", "mean std var sum prod cumsum cumprod clip take compress"),
    ("fresh:ndarray m4", "trace"),
    # Of real numbers, the conjugate is the array itself.
    ("view:ndarray", "reshape ravel transpose squeeze view swapaxes diagonal conj conjugate"),
    ("scalar w", "sort fill partition resize itemset setflags put"),
    ("scalar writes0", "tofile dump"),
)
_ESTIMATOR = _rows(
    ("self W s rand", "fit partial_fit"),
    ("fresh:ndarray W s rand", "fit_transform fit_predict fit_resample"),
    (
        "fresh:ndarray",
        "predict predict_proba predict_log_proba decision_function transform inverse_transform score_samples "
        "get_feature_names_out apply decision_path staged_predict kneighbors cost_complexity_pruning_path",
    ),
    ("scalar", "score get_n_leaves get_depth"),
    ("hold:dict", "get_params"),
    ("self W s", "set_params set_output"),
    ("fresh:ndarray", "split get_n_splits"),
)
_AXES = _rows(
    (
        "element w",
        "plot scatter bar barh hist hist2d boxplot violinplot pie imshow matshow contour contourf fill_between "
        "fill_betweenx errorbar step stem stackplot hexbin pcolormesh pcolor axhline axvline axhspan axvspan hlines "
        "vlines text annotate legend grid set set_title set_xlabel set_ylabel set_zlabel set_xlim set_ylim set_zlim "
        "set_xticks set_yticks set_xticklabels set_yticklabels set_xscale set_yscale set_aspect set_axis_off "
        "set_axis_on tick_params margins invert_xaxis invert_yaxis twinx twiny loglog semilogx semilogy axis "
        "add_patch add_line add_artist add_collection bar_label table autoscale relim clear cla remove quiver "
        "streamplot plot_surface plot_wireframe view_init set_facecolor ticklabel_format set_axisbelow label_outer "
        "set_xbound set_ybound set_anchor set_label set_prop_cycle set_box_aspect set_visible set_frame_on set_zorder "
        "secondary_xaxis secondary_yaxis sharex sharey xaxis_date yaxis_date acorr xcorr psd csd specgram cohere "
        "magnitude_spectrum angle_spectrum phase_spectrum triplot tripcolor tricontour tricontourf barbs clabel "
        "pcolorfast arrow add_table add_container add_image indicate_inset indicate_inset_zoom set_adjustable "
        "locator_params minorticks_on inset_axes set_position fill broken_barh eventplot spy ecdf stairs",
    ),
    ("element", "get_xlim get_ylim get_title get_legend get_figure get_legend_handles_labels get_xticks get_yticks "
                "get_xticklabels get_yticklabels get_lines get_children get_position get_xlabel get_ylabel"),
)  # fmt: skip
_FIGURE = _rows(
    (
        "element w",
        "add_subplot add_axes subplots suptitle supxlabel supylabel tight_layout colorbar legend text "
        "subplots_adjust set_size_inches autofmt_xdate set_facecolor set_dpi clear clf align_labels set add_gridspec "
        "subfigures delaxes set_tight_layout set_constrained_layout show draw subplot_mosaic figimage align_xlabels "
        "align_ylabels sca add_artist set_figwidth set_figheight set_layout_engine",
    ),
    ("scalar w writes0", "savefig"),
    ("element", "gca get_axes get_size_inches get_dpi get_figwidth get_figheight"),
)
_SCALARS = _rows(
    ("scalar c", "sub subn"),
    ("fresh:pattern", "match search fullmatch"),
    ("fresh:list", "findall split groups"),
    ("iter", "finditer"),
    ("scalar", "group start end span"),
    ("fresh:dict", "groupdict"),
    ("scalar", "expand"),
)
_PATH = _rows(
    ("fresh:path", "joinpath with_name with_suffix with_stem relative_to absolute resolve expanduser"),
    ("scalar", "as_posix as_uri is_absolute is_relative_to match"),
    ("scalar read:files", "exists is_file is_dir stat read_text read_bytes"),
    ("fresh:list read:files", "glob rglob iterdir"),
    ("scalar use:files", "write_text write_bytes mkdir unlink rmdir rename replace touch chmod symlink_to"),
    ("fresh:file use:files", "open"),
)
_RNG = _rows(
    (
        "fresh:ndarray w",
        "random integers normal uniform standard_normal rand randn randint poisson binomial exponential beta "
        "gamma permutation random_sample sample multivariate_normal lognormal gauss randrange choices bytes triangular "
        "geometric multinomial dirichlet chisquare weibull laplace logistic betavariate expovariate getrandbits "
        "normalvariate",
    ),
    ("element w", "choice"),
    ("scalar w m0", "shuffle"),
    ("scalar w", "seed setstate set_state"),
    ("fresh:list", "getstate get_state"),
)
_FILE = _rows(
    ("scalar w", "read readline write close flush seek tell truncate"),
    ("scalar w i", "writelines"),
    ("fresh:list w", "readlines"),
)

TABLE: dict[str, dict[str, str]] = {
    "list": _LIST,
    "dict": _DICT,
    "defaultdict": _DICT,
    "json": {**_LIST, **_DICT},
    "set": _SET,
    "tuple": _rows(("scalar", "index count"), ("hold:dict", "_asdict"), ("hold:tuple", "_replace")),
    "items": {},
    "pandas": _PANDAS,
    "ndarray": _NDARRAY,
    "estimator": _ESTIMATOR,
    "axes": _AXES,
    "figure": _FIGURE,
    "pattern": _SCALARS,
    "path": _PATH,
    "rng": _RNG,
    "file": _FILE,
    "iterator": _rows(("element i", "send throw close __next__")),
    "logger": _rows(
        ("scalar read:logging", "debug info warning error exception critical log isEnabledFor"),
        ("scalar w use:logging", "setLevel addHandler removeHandler"),
    ),
}

#: Names that change nothing whatever the receiver is: nobody gives them to a method that mutates.
ANYWHERE: dict[str, str] = _rows(
    (
        "scalar",
        "lower upper strip lstrip rstrip startswith endswith splitlines casefold isdigit isalpha isnumeric isspace "
        "zfill ljust rjust encode isoformat strftime timestamp bit_length is_integer",
    ),
    (
        "fresh:unknown",
        "head tail describe value_counts nunique isna isnull notna notnull astype tolist to_dict mean std var median "
        "copy",
    ),
)
