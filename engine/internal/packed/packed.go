// Package packed stores arrays of numbers in JSON as base64 of their little-endian bytes: exact to the last
// bit and a third of the size of decimal text.
package packed

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// Float64s is a []float64 packed in JSON.
type Float64s []float64

// Float32s is a []float32 packed in JSON.
type Float32s []float32

// Int32s is a []int32 packed in JSON.
type Int32s []int32

// MarshalJSON packs the array.
func (f Float64s) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 8*len(f))
	for _, v := range f {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b))
}

// UnmarshalJSON unpacks the array; a value that is not finite is an error.
func (f *Float64s) UnmarshalJSON(text []byte) error {
	b, err := unpack(text, 8)
	if err != nil {
		return err
	}
	*f = make(Float64s, len(b)/8)
	for i := range *f {
		v := math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("packed number %d is not finite", i)
		}
		(*f)[i] = v
	}
	return nil
}

// MarshalJSON packs the array.
func (f Float32s) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 4*len(f))
	for _, v := range f {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b))
}

// UnmarshalJSON unpacks the array; a value that is not finite is an error.
func (f *Float32s) UnmarshalJSON(text []byte) error {
	b, err := unpack(text, 4)
	if err != nil {
		return err
	}
	*f = make(Float32s, len(b)/4)
	for i := range *f {
		v := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if v != v || v > math.MaxFloat32 || v < -math.MaxFloat32 {
			return fmt.Errorf("packed number %d is not finite", i)
		}
		(*f)[i] = v
	}
	return nil
}

// MarshalJSON packs the array.
func (f Int32s) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 4*len(f))
	for _, v := range f {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b))
}

// UnmarshalJSON unpacks the array.
func (f *Int32s) UnmarshalJSON(text []byte) error {
	b, err := unpack(text, 4)
	if err != nil {
		return err
	}
	*f = make(Int32s, len(b)/4)
	for i := range *f {
		(*f)[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return nil
}

func unpack(text []byte, size int) ([]byte, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("unpack numbers: %w", err)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("unpack numbers: %w", err)
	}
	if len(b)%size != 0 {
		return nil, fmt.Errorf("unpack numbers: %d bytes are no multiple of %d", len(b), size)
	}
	return b, nil
}
