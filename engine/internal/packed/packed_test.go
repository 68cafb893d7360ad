package packed

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
)

func TestNumbersReturnBitForBit(t *testing.T) {
	type all struct {
		A Float64s
		B Float32s
		C Int32s
	}
	want := all{Float64s{0, math.Copysign(0, -1), 1.0 / 3, math.MaxFloat64, 5e-324}, Float32s{1.1, -math.MaxFloat32}, Int32s{-1, math.MaxInt32}}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got all
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.A, want.A) || math.Signbit(got.A[1]) != true || !slices.Equal(got.B, want.B) || !slices.Equal(got.C, want.C) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDamagedNumbersAreErrors(t *testing.T) {
	nan64, _ := json.Marshal(Float64s{math.NaN()})
	inf32, _ := json.Marshal(Float32s{float32(math.Inf(-1))})
	for name, err := range map[string]error{
		"NaN":            json.Unmarshal(nan64, new(Float64s)),
		"infinity":       json.Unmarshal(inf32, new(Float32s)),
		"no base64":      json.Unmarshal([]byte(`"?"`), new(Float64s)),
		"no text":        json.Unmarshal([]byte(`[1]`), new(Int32s)),
		"a broken value": json.Unmarshal([]byte(`"AAAA"`), new(Int32s)),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
