// Package mlp is the neural network of cvp: a multilayer perceptron on gorgonia, for classes and values.
//
//	Fit: frame ─ prep.Encoder ─► x [n×width] ─ target.encode ─► trainer ─► fitted
//	       trainer: epochs of batches ─► graph (gorgonia: loss and gradients) ─► adam
//	Predict: frame ─ prep.Encoder ─► blocks of 256 rows ─ network.forward ─► target.decode
//
// Gorgonia holds the graph and derives its gradients; the operators in it are kernels of our own that fuse a
// layer and reuse their memory. Serving runs the same layer code without the graph.
//
// A value model predicts the mean of labels that are mostly zero and heavy-tailed. Where no label is negative it
// minimises the Tweedie deviance with a log link; else Huber's loss on the signed logarithm, brought back by Duan's
// smearing. Both are then scaled so that the training rows add up. Test MAE / RMSE, mean of three seeds:
//
//	                               constant      last window   tweedie        log            huber          squared
//	Complete Journey, 60 days      269 / 376     126 / 190     124.2 / 181.9  125.7 / 185.2  125.6 / 189.5  126.6 / 188.0
//	Online Retail II, 90 days,
//	returns are negative           642 / 3163    411 / 2184    -              381 / 2090     384 / 2219     389 / 1978
//
// Everything random (first weights, order of rows, dropout) comes from one seeded generator, and every sum has
// an order that does not depend on the number of threads: the same seed gives the same bytes.
package mlp
