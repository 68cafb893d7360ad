import json, sys, time
import lightgbm as lgb
import numpy as np

path, rows, held, columns, threads = sys.argv[1], *map(int, sys.argv[2:])
values = np.fromfile(path, dtype="<f4").reshape(columns + 1, rows + held)
x = np.ascontiguousarray(values[:columns].T)
y = values[columns]
set_up = dict(objective="binary", num_leaves=31, verbose=-1, num_threads=threads)
began, cpu = time.time(), time.process_time()
data = lgb.Dataset(x[:rows], y[:rows], params=dict(verbose=-1, num_threads=threads)).construct()
binned = time.time()
model = lgb.train(set_up, data, 100)
fitted, cpu = time.time(), time.process_time() - cpu
model.predict(x[:rows], num_threads=threads)
predicted = time.time()
p = model.predict(x[rows:], num_threads=threads)
t = y[rows:]
print(json.dumps(dict(
    bin_seconds=binned - began, fit_seconds=fitted - binned, cpu_seconds=cpu,
    predict_rows_per_second=rows / (predicted - fitted),
    log_loss=float(-np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))),
)))
