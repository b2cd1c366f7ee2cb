"""Functions and classes of scikit-learn."""

from __future__ import annotations

_ESTIMATORS = (
    "cluster compose covariance cross_decomposition decomposition discriminant_analysis dummy ensemble "
    "feature_extraction feature_extraction.text feature_selection gaussian_process impute isotonic "
    "kernel_approximation kernel_ridge linear_model manifold mixture model_selection multiclass multioutput "
    "naive_bayes neighbors neural_network pipeline preprocessing random_projection semi_supervised svm tree base "
    "calibration"
)
TABLE = (
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
