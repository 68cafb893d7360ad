// Package mlp is the neural network of cvp: a multilayer perceptron on gorgonia, for classes and values.
//
//	Fit: frame ─ prep.Encoder ─► x [n×width] ─ target.encode ─► trainer ─► fitted
//	       trainer: epochs of batches ─► graph (gorgonia: loss and gradients) ─► adam
//	Predict: frame ─ prep.Encoder ─► blocks of 256 rows ─ network.forward ─► target.decode
//
// Gorgonia holds the graph and derives its gradients; the operators in it are kernels of our own that fuse a
// layer and reuse their memory. Serving runs the same layer code without the graph.
//
// Everything random (first weights, order of rows, dropout) comes from one seeded generator, and every sum has
// an order that does not depend on the number of threads: the same seed gives the same bytes.
package mlp
