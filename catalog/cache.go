package catalog

import (
	"container/list"
	"sync"
)

// Cache keeps decoded versions for all sessions of a server, the least recently used going first. An ID is never
// used for another version, so nothing in it grows stale; a dropped version only grows old. Whether a role may
// use a version is not its concern: the ID comes from Resolve on the client's own connection, every time.
//
// One cache serves one backend, since an ID says which database of it is meant, not which backend.
type Cache[V any] struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	entries map[ID]*list.Element // of *cached[V]
	recent  *list.List           // front: used last

	hits, misses int64
}

// CacheStats is what a cache has done and holds.
type CacheStats struct {
	// Hits and Misses count what Get has found and not found.
	Hits, Misses int64
	// Entries are the versions held, Bytes their size, of at most Limit.
	Entries, Bytes, Limit int64
}

type cached[V any] struct {
	id    ID
	value V
	bytes int64
}

// NewCache makes a cache for values of at most limit bytes together.
func NewCache[V any](limit int64) *Cache[V] {
	return &Cache[V]{limit: limit, entries: make(map[ID]*list.Element), recent: list.New()}
}

// Get returns the value of a version and marks it as used.
func (c *Cache[V]) Get(id ID) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[id]
	if !ok {
		c.misses++
		return value, false
	}
	c.hits++
	c.recent.MoveToFront(element)
	return element.Value.(*cached[V]).value, true
}

// Stats tells what the cache has done so far.
func (c *Cache[V]) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{Hits: c.hits, Misses: c.misses, Entries: int64(len(c.entries)), Bytes: c.used, Limit: c.limit}
}

// Put keeps a value that takes so many bytes. Values are shared: they must be safe for concurrent use. One that
// is larger than the whole cache is not kept.
func (c *Cache[V]) Put(id ID, value V, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[id]; ok {
		c.remove(element)
	}
	if bytes > c.limit {
		return
	}
	for c.used+bytes > c.limit {
		c.remove(c.recent.Back())
	}
	c.entries[id] = c.recent.PushFront(&cached[V]{id: id, value: value, bytes: bytes})
	c.used += bytes
}

func (c *Cache[V]) remove(element *list.Element) {
	entry := c.recent.Remove(element).(*cached[V])
	delete(c.entries, entry.id)
	c.used -= entry.bytes
}
