"""Writes rows.csv.gz and lightgbm.json: what LightGBM reaches on these rows, the first 4,000 for training, the rest held out.

pip install lightgbm==4.7.0 numpy pandas scikit-learn; python reference.py
"""
import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, mean_pinball_loss, mean_poisson_deviance, mean_squared_error, mean_tweedie_deviance

here = Path(__file__).parent
rng = np.random.default_rng(7)
n, trained = 6000, 4000
x = pd.DataFrame({
    "recency": rng.exponential(60, n), "orders": np.floor(rng.lognormal(1, 1, n)), "amount": rng.lognormal(3, 1.2, n),
    "noise": rng.standard_normal(n), "flag": rng.integers(0, 2, n).astype(float),
})
effect = rng.standard_normal(12)
region = np.minimum(rng.geometric(0.2, n) - 1, 11)
level = 0.8 * np.log1p(x.orders) - 0.5 * np.log1p(x.recency) + 0.6 * effect[region] + 0.7 * x.flag * (x.recency < 30)
mean = np.exp(level + 0.1 * np.log(x.amount))
y = pd.DataFrame({
    "class": (rng.random(n) < 1 / (1 + np.exp(-2 * level))).astype(int),
    "count": rng.poisson(mean),
    "money": np.where(rng.random(n) < 0.6, rng.gamma(2, 15 * mean), 0),
})
x["region"] = pd.Categorical([f"r{r}" for r in region])
x = x.round(3)
y = y.round(2)
for column in ("amount", "recency"):
    x.loc[rng.random(n) < 0.1, column] = np.nan
x.loc[rng.random(n) < 0.05, "region"] = np.nan
pd.concat([x, y], axis=1).to_csv(here / "rows.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
x = pd.read_csv(here / "rows.csv.gz")[x.columns].astype({"region": "category"})

common = dict(num_leaves=15, learning_rate=0.05, min_child_samples=20, reg_lambda=1.0, n_estimators=150, random_state=1, verbose=-1)
tasks = {
    "logistic": (dict(objective="binary"), "class", lambda t, p: log_loss(t, p)),
    "squared": (dict(objective="regression"), "money", lambda t, p: mean_squared_error(t, p)),
    "absolute": (dict(objective="regression_l1"), "money", lambda t, p: mean_pinball_loss(t, p)),
    "quantile": (dict(objective="quantile", alpha=0.9), "money", lambda t, p: mean_pinball_loss(t, p, alpha=0.9)),
    "poisson": (dict(objective="poisson"), "count", lambda t, p: mean_poisson_deviance(t, p)),
    "tweedie": (dict(objective="tweedie", tweedie_variance_power=1.5), "money", lambda t, p: mean_tweedie_deviance(t, p, power=1.5)),
}
out = {"version": lgb.__version__, "loss": {}}
for name, (objective, target, loss) in tasks.items():
    model = lgb.LGBMRegressor(**common, **objective) if name != "logistic" else lgb.LGBMClassifier(**common, **objective)
    model.fit(x[:trained], y[target][:trained])
    p = model.predict_proba(x[trained:])[:, 1] if name == "logistic" else model.predict(x[trained:])
    out["loss"][name] = float(loss(y[target][trained:], p))
(here / "lightgbm.json").write_text(json.dumps(out, indent=1) + "\n")
