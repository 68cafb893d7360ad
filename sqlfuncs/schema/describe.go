package schema

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
)

// Limits of what is a category: beyond them a text is taken for free text or for a name of the row.
const (
	maxLevels   = 1000
	maxWidth    = 64  // average bytes
	maxLength   = 100 // declared length where no statistics are there
	uniqueShare = 0.9 // distinct values per row, from which on they are names of the row
	fewValues   = 50  // that many values are a category even where each row has its own
)

// proseWords are words in names of text columns that hold prose or personal data; they count where no statistics do.
var proseWords = []string{"name", "email", "mail", "phone", "address", "street", "description", "comment", "comments", "note", "notes",
	"text", "url", "uri", "title", "message", "body", "remark", "remarks", "firstname", "lastname", "surname", "path", "password", "hash", "token"}

// idWords end the names of numbers that only tell things apart.
var idWords = []string{"id", "no", "nr", "key", "code", "sku", "zip", "ean", "upc", "gtin", "postcode"}

// describes says whether the column describes its row and as what. member says that it belongs to the primary key,
// reference that it refers to another table.
func (c *Column) describes(r *Relation, member, reference bool) (frame.Kind, bool) {
	if !c.Readable || !reference && (r.Unique(c.Name) || member && c.numbersRows()) {
		return 0, false
	}
	switch c.Category {
	case "B", "T":
		return frame.Number, true
	case "D":
		return frame.Time, c.isTime()
	case "E":
		return frame.Category, true
	case "N":
		if !c.isNumber() {
			return 0, false
		}
		if reference || c.tellsApart() {
			return frame.Category, reference || c.Distinct > -uniqueShare || c.levels(r) <= fewValues
		}
		return frame.Number, true
	case "S":
		return frame.Category, reference || c.fewLevels(r)
	case "U":
		return frame.Category, c.Base == pgtype.UUIDOID && (reference || c.Distinct != 0 && c.fewLevels(r))
	}
	return 0, false
}

// isNumber tells numbers from the object identifiers, which have the same category.
func (c *Column) isNumber() bool {
	return slices.Contains([]uint32{pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID, moneyOID}, c.Base)
}

// moneyOID is the type money, which pgtype has no name for.
const moneyOID = 790

// tellsApart reports whether the column is named like an identifier.
func (c *Column) tellsApart() bool {
	w := words(c.Name)
	return slices.Contains(idWords, w[len(w)-1])
}

// rowWords are words in names of key columns that number the rows of something.
var rowWords = []string{"line", "row", "seq", "sequence", "position", "pos", "item", "index", "nr", "no", "number"}

// numbersRows reports whether a column of a primary key of several only tells the rows of one thing apart.
func (c *Column) numbersRows() bool { return !c.tellsApart() || hasWord(c.Name, rowWords) }

// levels is about how many values the column has, 0 where it is not known.
func (c *Column) levels(r *Relation) float64 {
	if c.Distinct >= 0 {
		return c.Distinct
	}
	return -c.Distinct * max(r.Rows, 0)
}

// fewLevels reports whether a text is a category rather than prose.
func (c *Column) fewLevels(r *Relation) bool {
	if c.Distinct != 0 {
		return c.Width <= maxWidth && (c.levels(r) <= fewValues || c.levels(r) <= maxLevels && c.Distinct > -uniqueShare)
	}
	return c.Length <= maxLength && !hasWord(c.Name, proseWords)
}

// value gives the column as the engine reads it: numbers as they are, categories as text, moments as timestamptz
// with NULL for the infinite ones.
func (c column) value(kind frame.Kind) string {
	sql := c.sql()
	switch kind {
	case frame.Category:
		return c.text()
	case frame.Time:
		return "CASE WHEN pg_catalog.isfinite(" + sql + ") THEN " + c.moment(sql) + " END"
	}
	switch {
	case c.Category == "T":
		return "pg_catalog.date_part('epoch', " + sql + ")"
	case c.Base == moneyOID:
		return sql + "::pg_catalog.numeric"
	}
	return sql
}

// text gives the column as text.
func (c column) text() string {
	if c.Base == pgtype.TextOID && c.Type == c.Base {
		return c.sql()
	}
	return c.sql() + "::pg_catalog.text"
}

// tagged gives several columns as one text.
func tagged(columns []column) string {
	if len(columns) == 1 {
		return columns[0].text()
	}
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.sql()
	}
	return "pg_catalog.concat_ws('/', " + strings.Join(parts, ", ") + ")"
}
