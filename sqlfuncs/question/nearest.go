package question

import (
	"strings"
	"unicode/utf8"
)

// Nearest gives the name that was most likely meant by word: the one with the fewest typing slips between
// them, ignoring case, where that is at most a third of the word (and always one). Of equals the first counts.
func Nearest(word string, names []string) (string, bool) {
	word = strings.ToLower(word)
	best, found := "", false
	limit := max(1, utf8.RuneCountInString(word)/3)
	for _, name := range names {
		if d := slips([]rune(word), []rune(strings.ToLower(name)), limit); d <= limit {
			best, found, limit = name, true, d-1
		}
	}
	return best, found
}

// slips counts the insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal
// string alignment). Above limit it may give any larger number.
func slips(a, b []rune, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
