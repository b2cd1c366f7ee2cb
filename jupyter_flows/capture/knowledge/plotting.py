"""Functions of matplotlib and seaborn."""

# ruff: noqa: ISC004 -- tables of words
from __future__ import annotations

from jupyter_flows.capture.knowledge.rows import rows

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
} | rows(
    "matplotlib.pyplot",
    (
        "scalar use:rcparams draw",
        "autumn bone cool copper flag gray hot hsv inferno jet magma nipy_spectral pink plasma prism spring summer "
        "viridis winter set_cmap",
    ),
)
_FIGURE_LEVEL = rows(
    "seaborn",
    ("grid", "pairplot jointplot catplot relplot displot lmplot clustermap FacetGrid PairGrid JointGrid factorplot"),
)

TABLE = _PYPLOT | _FIGURE_LEVEL
