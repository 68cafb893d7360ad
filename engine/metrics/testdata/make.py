"""Writes the reference values of class.json and value.json.
Made with Python 3.11, numpy 2.4.6, scikit-learn 1.9.1, scipy 1.17.1: pip install scikit-learn scipy; python make.py"""
import json, warnings
import numpy as np
from scipy.stats import spearmanr
from sklearn import metrics as m

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)


def klass(name, y, p):
    y, p = np.asarray(y, float), np.asarray(p, float)
    hard = (p >= 0.5).astype(int)
    return dict(name=name, y=y.tolist(), p=p.tolist(), want=dict(
        accuracy=m.accuracy_score(y, hard), precision=m.precision_score(y, hard, zero_division=0),
        recall=m.recall_score(y, hard), f1=m.f1_score(y, hard), roc_auc=m.roc_auc_score(y, p),
        average_precision=m.average_precision_score(y, p), log_loss=m.log_loss(y, p), brier=m.brier_score_loss(y, p)))


def gini(y, p, rounds=1):
    """As in the benchmark of Complete Journey; ties averaged over many shuffles are checked to 1e-2 only."""
    def g(a, y):
        o = np.argsort(-a, kind="stable"); cs = np.cumsum(y[o]) / y.sum()
        return (cs - np.arange(1, len(y) + 1) / len(y)).mean()
    got = []
    for _ in range(rounds):
        o = rng.permutation(len(y)) if rounds > 1 else np.arange(len(y))
        got.append(g(p[o], y[o]) / g(y, y))
    return float(np.mean(got))


def value(name, y, p, ties=False):
    y, p = np.asarray(y, np.float32).astype(float), np.asarray(p, float)
    return dict(name=name, y=y.tolist(), p=p.tolist(), loose_gini=ties, want=dict(
        mae=m.mean_absolute_error(y, p), rmse=m.mean_squared_error(y, p) ** .5, r2=m.r2_score(y, p),
        spearman=spearmanr(y, p)[0], gini=gini(y, p, 2000 if ties else 1)))


y = (rng.random(300) < .3).astype(int)
z = rng.normal(size=300) + y
p = 1 / (1 + np.exp(-z))
spend = np.where(rng.random(300) < .5, 0, rng.lognormal(3, 1, 300))
json.dump([
    klass("distinct predictions", y, p),
    klass("predictions tied in tenths", y, np.round(p, 1)),
    klass("a constant prediction", y, np.full(300, .3)),
    klass("certain predictions, some wrong", y, (p > .6).astype(float)),
    klass("two rows", [0, 1], [.2, .7]),
], open("class.json", "w"))
json.dump([
    value("distinct predictions", spend, spend * .5 + rng.lognormal(2, 1, 300)),
    value("tied predictions", spend, np.round(spend * .02 + rng.lognormal(0, 1, 300)), ties=True),
    value("negative predictions", spend, spend - rng.lognormal(3, 1, 300)),
    value("a normal label", rng.normal(10, 1, 300), rng.normal(10, 1, 300)),
], open("value.json", "w"))
