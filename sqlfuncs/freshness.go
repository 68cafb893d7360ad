package sqlfuncs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/source"
)

// fresh finds the version that makes this training needless: with max_age one that is younger, with if_changed one that
// saw the same rows, with both either. It has to be the model's newest, trained by the same role on the same request.
// nil says that there is work to do.
func (t *trainingCall) fresh(ctx context.Context) (*catalog.Newest, error) {
	t.request = t.requested()
	maxAge, byAge := t.args["max_age"]
	byData := truth(t.args["if_changed"])
	if !byAge && !byData {
		return nil, nil
	}
	var newest *catalog.Newest
	err := t.inRegistry(ctx, func(conn *pgconn.PgConn) (err error) {
		newest, err = catalog.NewestVersion(ctx, conn, t.args["model"], maxAge)
		return err
	})
	if err != nil {
		return nil, err
	}
	var stored spec
	if newest != nil {
		if err := json.Unmarshal(newest.Spec, &stored); err != nil {
			return nil, fmt.Errorf("read how version %d of model %q was trained: %w", newest.Version, t.args["model"], err)
		}
	}
	same := newest != nil && stored.Request == t.request
	if same && newest.Young {
		t.keep(ctx, fmt.Sprintf("version %d was trained %s ago, which is less than max_age", newest.Version, newest.Age.Round(time.Second)))
		return newest, nil
	}
	if !byData {
		return nil, nil
	}
	if t.print, err = t.fingerprint(ctx); err != nil {
		return nil, err
	}
	if same && stored.Fingerprint == t.print {
		t.keep(ctx, fmt.Sprintf("version %d was trained on the same data", newest.Version))
		return newest, nil
	}
	return nil, nil
}

// keep tells why nothing is trained.
func (t *trainingCall) keep(ctx context.Context, why string) {
	t.notices.say("", "model %q is not trained: %s", t.args["model"], why)
	t.log().InfoContext(ctx, "not trained", "model", t.args["model"], "why", why)
}

// requested is a digest of what is asked for: the arguments, and the queries that they come to, which change with the
// columns of the tables and with the search_path.
func (t *trainingCall) requested() string {
	a := t.args
	parts := append([]string{a["question"], a["relation"], a["target"], a["key"], a["algorithm"], canonical(a["options"])}, t.reads...)
	encoded, _ := json.Marshal(parts) // strings always encode
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16])
}

// canonical writes a JSON object with its names in order and without its spaces, and an empty one as "".
func canonical(text string) string {
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || len(object) == 0 {
		return ""
	}
	var out bytes.Buffer
	_ = json.NewEncoder(&out).Encode(object) // what was decoded encodes
	return out.String()
}

// fingerprint tells the rows that would be pulled from those of another day.
func (t *trainingCall) fingerprint(ctx context.Context) (string, error) {
	queries := []pull.Query{}
	switch from := t.source.(type) {
	case *source.Events:
		var err error
		if queries, err = from.LearningQueries(ctx, t.conn, t.events); err != nil {
			return "", err
		}
	case *source.Relation:
		queries = append(queries, pull.Query{SQL: t.reads[0]})
	}
	t.notices.step("comparing the data with those of the last training")
	prints := make([]string, len(queries))
	for i, q := range queries {
		var err error
		if prints[i], err = source.Fingerprint(ctx, t.conn, q); err != nil {
			return "", err
		}
	}
	return strings.Join(prints, " "), nil
}

// truth reads a boolean that Postgres has taken as one.
func truth(text string) bool {
	switch s := strings.ToLower(strings.TrimSpace(text)); {
	case s == "on", s == "1":
		return true
	default:
		return s != "" && (strings.HasPrefix("true", s) || strings.HasPrefix("yes", s))
	}
}
