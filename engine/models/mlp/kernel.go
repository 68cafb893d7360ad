package mlp

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// kernel is a gorgonia operator of fixed shapes that computes into memory of its own: a step of training
// allocates no matrix. (Gorgonia's tape machine forgets its registers on Reset, so its own operators allocate
// every result in every step.)
type kernel struct {
	name   string // tells nodes of the graph apart
	inputs []tensor.Shape
	result tensor.Shape // empty for a scalar
	dst    []float32
	value  gorgonia.Value
	run    func(dst []float32, in [][]float32)
	in     [][]float32
}

func newKernel(name string, result tensor.Shape, inputs []tensor.Shape, run func(dst []float32, in [][]float32)) *kernel {
	k := &kernel{name: name, inputs: inputs, result: result, run: run, in: make([][]float32, len(inputs))}
	k.dst = make([]float32, max(1, result.TotalSize()))
	if !result.IsScalar() {
		k.value = tensor.New(tensor.WithShape(result...), tensor.WithBacking(k.dst))
	}
	return k
}

// Do computes the result from the inputs; it is valid until the next call.
func (k *kernel) Do(values ...gorgonia.Value) (gorgonia.Value, error) {
	if len(values) != len(k.inputs) {
		return nil, fmt.Errorf("%s takes %d inputs, got %d", k.name, len(k.inputs), len(values))
	}
	for i, v := range values {
		switch v := v.Data().(type) {
		case []float32:
			k.in[i] = v
		case float32:
			k.in[i] = []float32{v}
		default:
			return nil, fmt.Errorf("%s takes float32, got %T", k.name, v)
		}
	}
	k.run(k.dst, k.in)
	if k.value == nil {
		return gorgonia.NewF32(k.dst[0]), nil
	}
	return k.value, nil
}

// Arity is the number of inputs.
func (k *kernel) Arity() int { return len(k.inputs) }

// Type is the signature in gorgonia's type system.
func (k *kernel) Type() hm.Type {
	types := make([]hm.Type, 0, len(k.inputs)+1)
	for _, s := range append(k.inputs[:len(k.inputs):len(k.inputs)], k.result) {
		if s.IsScalar() {
			types = append(types, tensor.Float32)
		} else {
			types = append(types, gorgonia.TensorType{Dims: s.Dims(), Of: tensor.Float32})
		}
	}
	return hm.NewFnType(types...)
}

// InferShape gives the fixed shape of the result.
func (k *kernel) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return k.result.Clone(), nil }

// ReturnsPtr says that the result is shared memory.
func (k *kernel) ReturnsPtr() bool { return true }

// CallsExtern is false: nothing has to be flushed.
func (k *kernel) CallsExtern() bool { return false }

// OverwritesInput is -1: inputs stay as they are.
func (k *kernel) OverwritesInput() int { return -1 }

// WriteHash writes the name, which is unique in a graph.
func (k *kernel) WriteHash(h hash.Hash) { fmt.Fprint(h, k.name) }

// Hashcode is the hash of the name.
func (k *kernel) Hashcode() uint32 {
	h := fnv.New32a()
	k.WriteHash(h)
	return h.Sum32()
}

func (k *kernel) String() string { return k.name }

// differentiable is a kernel with a gradient for some of its inputs.
type differentiable struct {
	*kernel
	wrt []bool
	// gradients gives one node per input, nil where wrt is false.
	gradients func(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error)
}

// DiffWRT says which inputs have a gradient.
func (d *differentiable) DiffWRT(int) []bool { return d.wrt }

// SymDiff adds the nodes of the gradients to the graph.
func (d *differentiable) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	return d.gradients(inputs, output, grad)
}

var (
	_ gorgonia.Op   = (*kernel)(nil)
	_ gorgonia.SDOp = (*differentiable)(nil)
)
