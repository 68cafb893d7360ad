package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cvp/engine/frame"
)

// read gives the transactions with department, product category and brand of their product, and the demographics.
// Column match is 1 where the product category is the one asked for.
func read(dir, match string) (events, demographics *frame.Frame, err error) {
	products := make(map[string][3]string)
	err = eachRow(filepath.Join(dir, "products.csv.gz"), func(get func(string) string) error {
		products[strings.Clone(get("product_id"))] = [3]string{
			strings.Clone(get("department")), strings.Clone(get("product_category")), strings.Clone(get("brand"))}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	b := newBuilder([]string{"household_id", "store_id", "basket_id", "product_id", "department", "product_category", "brand"},
		[]string{"quantity", "sales_value", "retail_disc", "coupon_disc", "match"}, "transaction_timestamp")
	err = eachRow(filepath.Join(dir, "transactions.csv.gz"), func(get func(string) string) error {
		for _, name := range []string{"household_id", "store_id", "basket_id", "product_id"} {
			b.text(name, get(name))
		}
		p := products[get("product_id")]
		b.text("department", p[0])
		b.text("product_category", p[1])
		b.text("brand", p[2])
		for _, name := range []string{"quantity", "sales_value", "retail_disc", "coupon_disc"} {
			if err := b.number(name, get(name)); err != nil {
				return err
			}
		}
		matches := "0"
		if p[1] == match {
			matches = "1"
		}
		return errors.Join(b.number("match", matches), b.instant("transaction_timestamp", get("transaction_timestamp")))
	})
	if err != nil {
		return nil, nil, err
	}
	events = b.frame()
	if match == "" {
		events.Columns = slices.DeleteFunc(events.Columns, func(c frame.Column) bool { return c.Name == "match" })
	}
	demographics, err = readTexts(filepath.Join(dir, "demographics.csv.gz"))
	return events, demographics, err
}

// readTexts reads a file with all columns as categories.
func readTexts(path string) (*frame.Frame, error) {
	header, err := headerOf(path)
	if err != nil {
		return nil, err
	}
	b := newBuilder(header, nil, "")
	err = eachRow(path, func(get func(string) string) error {
		for _, name := range header {
			b.text(name, get(name))
		}
		return nil
	})
	return b.frame(), err
}

func headerOf(path string) (header []string, err error) {
	err = withReader(path, func(r *csv.Reader) error {
		header, err = r.Read()
		return err
	})
	return slices.Clone(header), err
}

func withReader(path string, use func(*csv.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return use(csv.NewReader(z))
}

// eachRow calls use with a look-up by column name for each row; texts are valid during the call.
func eachRow(path string, use func(get func(string) string) error) error {
	return withReader(path, func(r *csv.Reader) error {
		header, err := r.Read()
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		at := make(map[string]int)
		for i, name := range header {
			at[name] = i
		}
		r.ReuseRecord = true
		for {
			row, err := r.Read()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				err = use(func(name string) string { return row[at[name]] })
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
		}
	})
}

// builder collects columns row by row.
type builder struct {
	columns []frame.Column
	at      map[string]*frame.Column
	codes   map[string]map[string]int32
}

func newBuilder(texts, numbers []string, instant string) *builder {
	b := &builder{at: make(map[string]*frame.Column), codes: make(map[string]map[string]int32)}
	for _, name := range texts {
		b.columns = append(b.columns, frame.Column{Name: name, Kind: frame.Category})
		b.codes[name] = make(map[string]int32)
	}
	for _, name := range numbers {
		b.columns = append(b.columns, frame.Column{Name: name, Kind: frame.Number})
	}
	if instant != "" {
		b.columns = append(b.columns, frame.Column{Name: instant, Kind: frame.Time})
	}
	for i := range b.columns {
		b.at[b.columns[i].Name] = &b.columns[i]
	}
	return b
}

func (b *builder) text(name, v string) {
	c := b.at[name]
	if v == "" {
		c.Codes = append(c.Codes, frame.NoCode)
		return
	}
	code, ok := b.codes[name][v]
	if !ok {
		v = strings.Clone(v)
		code = int32(len(c.Levels))
		c.Levels = append(c.Levels, v)
		b.codes[name][v] = code
	}
	c.Codes = append(c.Codes, code)
}

func (b *builder) number(name, v string) error {
	f, err := strconv.ParseFloat(v, 32)
	b.at[name].Numbers = append(b.at[name].Numbers, float32(f))
	return err
}

func (b *builder) instant(name, v string) error {
	t, err := time.Parse(time.DateTime, v)
	b.at[name].Times = append(b.at[name].Times, t.UnixMicro())
	return err
}

func (b *builder) frame() *frame.Frame {
	return &frame.Frame{Rows: b.columns[0].Len(), Columns: b.columns}
}
