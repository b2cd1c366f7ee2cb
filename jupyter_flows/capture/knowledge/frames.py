"""Functions of pandas."""

# ruff: noqa: ISC004 -- tables of words
from __future__ import annotations

from jupyter_flows.capture.knowledge.rows import rows

TABLE = {
    "pandas.DataFrame.from_dict": "fresh:pandas",
    "pandas.DataFrame.from_records": "fresh:pandas",
    "pandas.io.json.json_normalize": "fresh:pandas",
    "pandas.testing.*": "scalar",
    "pandas.api.types.*": "scalar",
    "pandas.tseries.offsets.*": "scalar",
    "pandas.plotting.scatter_matrix": "fresh:ndarray draw",
} | rows(
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
