package catalog

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

func id(n int) ID { return ID{Version: [16]byte{byte(n), byte(n >> 8)}} }

func TestCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	c := NewCache[string](10)
	c.Put(id(1), "one", 4)
	c.Put(id(2), "two", 4)
	if v, ok := c.Get(id(1)); !ok || v != "one" {
		t.Errorf("got %q, %v", v, ok)
	}
	c.Put(id(3), "three", 4)
	for n, want := range map[int]bool{1: true, 2: false, 3: true} {
		if _, ok := c.Get(id(n)); ok != want {
			t.Errorf("version %d is kept: %v, want %v", n, ok, want)
		}
	}
}

func TestCacheKeepsDatabasesApart(t *testing.T) {
	c := NewCache[string](10)
	here, there := ID{Database: 1, Version: [16]byte{7}}, ID{Database: 2, Version: [16]byte{7}}
	c.Put(here, "here", 1)
	if v, ok := c.Get(there); ok {
		t.Errorf("got %q from another database", v)
	}
}

func TestCacheDoesNotKeepWhatIsTooLarge(t *testing.T) {
	c := NewCache[string](10)
	c.Put(id(1), "small", 5)
	c.Put(id(2), "large", 11)
	if _, ok := c.Get(id(2)); ok {
		t.Error("a value beyond the limit is kept")
	}
	if _, ok := c.Get(id(1)); !ok {
		t.Error("a value beyond the limit drove another one out")
	}
}

// TestCacheAgreesWithAPlainList compares with a slice in order of use.
func TestCacheAgreesWithAPlainList(t *testing.T) {
	type entry struct{ n, value, bytes int }
	const limit = 40
	random := rand.New(rand.NewPCG(1, 2))
	c := NewCache[int](limit)
	var list []entry // used last at the end
	for step := range 20000 {
		n := random.IntN(12)
		at := slices.IndexFunc(list, func(e entry) bool { return e.n == n })
		if random.IntN(2) == 0 {
			value, ok := c.Get(id(n))
			if ok != (at >= 0) || ok && value != list[at].value {
				t.Fatalf("step %d: got %d, %v", step, value, ok)
			}
			if ok {
				list = append(slices.Delete(slices.Clone(list), at, at+1), list[at])
			}
			continue
		}
		bytes := random.IntN(limit + 5)
		c.Put(id(n), step, int64(bytes))
		if at >= 0 {
			list = slices.Delete(list, at, at+1)
		}
		if bytes > limit {
			continue
		}
		list = append(list, entry{n, step, bytes})
		for total(list, func(e entry) int { return e.bytes }) > limit {
			list = list[1:]
		}
	}
	if len(c.entries) != len(list) || c.recent.Len() != len(list) || c.used != int64(total(list, func(e entry) int { return e.bytes })) {
		t.Errorf("%d entries of %d bytes, want %d", len(c.entries), c.used, len(list))
	}
}

func total[T any](list []T, of func(T) int) (sum int) {
	for _, e := range list {
		sum += of(e)
	}
	return sum
}

func TestCacheServesManySessionsAtOnce(t *testing.T) {
	c := NewCache[int](50)
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 0))
			for range 5000 {
				n := random.IntN(20)
				if v, ok := c.Get(id(n)); ok && v != n {
					t.Errorf("got %d for version %d", v, n)
				}
				c.Put(id(n), n, int64(random.IntN(20)))
			}
		})
	}
	wait.Wait()
	if c.used > 50 {
		t.Errorf("the cache holds %d bytes", c.used)
	}
}

func TestACacheTellsWhatItHasDone(t *testing.T) {
	cache := NewCache[string](100)
	first, second := id(1), id(2)
	cache.Get(first)
	cache.Put(first, "a", 60)
	cache.Get(first)
	cache.Get(first)
	cache.Put(second, "b", 50) // the first has to go
	cache.Get(first)
	want := CacheStats{Hits: 2, Misses: 2, Entries: 1, Bytes: 50, Limit: 100}
	if got := cache.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
