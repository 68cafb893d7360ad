package training

import (
	"encoding/binary"
	"hash/fnv"
	"sort"

	"cvp/engine/model"
)

// Shares of the parts, in percent; the rest is the training part.
const (
	testShare     = 20
	validateShare = 20
)

// Split divides rows into parts by a hash of their key and the seed: a row stays in its part whatever other rows
// come and go, so versions trained on grown data are judged on the same rows. Where the hash leaves a part
// without one of the classes, as it may with few rows, it borrows the row of that class that hashes closest.
func Split(keys []string, y []float32, task model.Task, seed uint64) (train, validate, test []int, err error) {
	order := make([]int, len(keys))
	hashes := make([]uint64, len(keys))
	for i, k := range keys {
		order[i], hashes[i] = i, hash(k, seed)
	}
	part := make([]int, len(keys)) // 0 train, 1 validate, 2 test
	for i := range keys {
		part[i] = partOf(hashes[i])
	}
	if task == model.Class {
		sort.Slice(order, func(a, b int) bool { return hashes[order[a]] < hashes[order[b]] })
		if err := balance(order, part, y); err != nil {
			return nil, nil, nil, err
		}
	}
	for i, p := range part {
		switch p {
		case 2:
			test = append(test, i)
		case 1:
			validate = append(validate, i)
		default:
			train = append(train, i)
		}
	}
	if len(train) == 0 || len(validate) == 0 || len(test) == 0 {
		return nil, nil, nil, &DataError{"the rows share too few keys to be split", "Name a key column whose values differ."}
	}
	return train, validate, test, nil
}

// partOf gives the part of a hash: the top of the range is the test part, below it lies validation.
func partOf(h uint64) int {
	switch percent := h % 100; {
	case percent >= 100-testShare:
		return 2
	case percent >= 100-testShare-validateShare:
		return 1
	}
	return 0
}

// balance gives every part at least one row of each class.
func balance(order, part []int, y []float32) error {
	for _, class := range []float32{0, 1} {
		var count [3]int
		for i, v := range y {
			if v == class {
				count[part[i]]++
			}
		}
		for p := range count {
			for _, i := range order {
				if count[p] > 0 {
					break
				}
				if y[i] == class && count[part[i]] > 1 {
					count[part[i]]--
					part[i] = p
					count[p]++
				}
			}
			if count[p] == 0 {
				return &DataError{"one of the classes has too few rows to be split into training, validation and test", "Give more rows of it."}
			}
		}
	}
	return nil
}

func hash(key string, seed uint64) uint64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	_, _ = h.Write(b[:])
	_, _ = h.Write([]byte(key))
	// FNV's low bits mix poorly for short keys: finish with a finaliser (Stafford's variant 13, splitmix64).
	v := h.Sum64()
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}
