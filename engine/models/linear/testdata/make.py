"""Writes the optima of optima.json.
Made with Python 3.11, numpy 2.4.6, scikit-learn 1.9.1: pip install scikit-learn; python make.py"""
import json, warnings
import numpy as np
from sklearn import linear_model as lm

warnings.filterwarnings("ignore")
rng = np.random.default_rng(3)
n, d = 300, 6
x = rng.normal(size=(n, d)).astype(np.float32)
x[:, 5] = .9 * x[:, 4] + .1 * x[:, 5]
z = (x @ np.array([1, -1, .5, 0, .7, 0])).astype(float)
klass = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.float32)
real = (z + rng.normal(size=n)).astype(np.float32)
count = rng.poisson(np.exp(z / 3)).astype(np.float32)
spend = (count * rng.gamma(2, 1, n)).astype(np.float32)
w = rng.integers(0, 4, n).astype(np.float32)
out = []


def case(name, loss, y, l1, l2, model, weights=None):
    model.fit(x.astype(float), y.astype(float), sample_weight=weights)
    out.append(dict(name=name, loss=loss, l1=l1, l2=l2, y=y.tolist(),
                    weights=None if weights is None else weights.tolist(),
                    beta=[float(np.ravel(model.intercept_)[0])] + np.ravel(model.coef_).tolist()))


tight = dict(tol=1e-10, max_iter=100000)
for l2 in (1e-4, .01, 1.):
    case(f"logistic, l2 {l2}", "logistic", klass, 0, l2, lm.LogisticRegression(C=1 / (n * l2), **tight))
case("logistic, weighted", "logistic", klass, 0, .01, lm.LogisticRegression(C=1 / (w.sum() * .01), **tight), w)
case("logistic, l1", "logistic", klass, .03, 0, lm.LogisticRegression(C=1 / (n * .03), l1_ratio=1, solver="saga", **tight))
case("logistic, elastic net", "logistic", klass, .02, .02,
     lm.LogisticRegression(C=1 / (n * .04), l1_ratio=.5, solver="saga", **tight))
case("squared, l2", "squared", real, 0, .1, lm.Ridge(alpha=.1 * n))
case("squared, l1", "squared", real, .1, 0, lm.Lasso(alpha=.1, **tight))
case("squared, elastic net", "squared", real, .05, .05, lm.ElasticNet(alpha=.1, l1_ratio=.5, **tight))
case("poisson, l2", "poisson", count, 0, .01, lm.PoissonRegressor(alpha=.01, **tight))
case("poisson, weighted", "poisson", count, 0, .01, lm.PoissonRegressor(alpha=.01, **tight), w)
case("tweedie, l2", "tweedie", spend, 0, .01, lm.TweedieRegressor(power=1.5, link="log", alpha=.01, **tight))
json.dump(dict(d=d, x=x.ravel().tolist(), cases=out), open("optima.json", "w"))
