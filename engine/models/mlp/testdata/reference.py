"""Writes reference.csv.gz (a synthetic set: the first 3,000 rows train, the other 3,000 test) and reference.json
(the test AUC of scikit-learn's MLPClassifier on it, over five seeds). Run in this folder:
    pip install scikit-learn==1.9.1 numpy==2.4.6 && python reference.py"""
import gzip, json, sys
import numpy, sklearn
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

x, y = make_classification(n_samples=6000, n_features=8, n_informative=6, n_redundant=1, n_clusters_per_class=4,
                           flip_y=.1, class_sep=.8, weights=[.7], random_state=3)
x = x.round(3)
with gzip.GzipFile("reference.csv.gz", "wb", mtime=0) as f:
    f.write((",".join(["label"] + [f"x{j}" for j in range(8)]) + "\n").encode())
    for row, label in zip(x, y):
        f.write((f"{label}," + ",".join(f"{v:.3f}" for v in row) + "\n").encode())
train, test = slice(0, 3000), slice(3000, 6000)
scaler = StandardScaler().fit(x[train])
models = {}
for name, options in {"early stopping": dict(early_stopping=True, max_iter=200, n_iter_no_change=20),
                      "30 epochs": dict(max_iter=30), "200 epochs": dict(max_iter=200)}.items():
    aucs = []
    for seed in range(5):
        m = MLPClassifier((64, 32), random_state=seed, **options).fit(scaler.transform(x[train]), y[train])
        aucs.append(roc_auc_score(y[test], m.predict_proba(scaler.transform(x[test]))[:, 1]))
    models[name] = {"test_auc": [round(a, 5) for a in aucs], "mean": round(sum(aucs) / 5, 5)}
json.dump({"python": sys.version.split()[0], "numpy": numpy.__version__, "scikit-learn": sklearn.__version__,
           "MLPClassifier((64, 32))": models, "best": max(m["mean"] for m in models.values())}, open("reference.json", "w"), indent=1)
