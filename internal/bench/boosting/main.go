// Command boosting fits algorithm gbdt and LightGBM to the same million rows, one after the other in turns, and prints a
// JSON line for each with the ratios.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/models/gbdt"
)

type command struct {
	Rows    int    `default:"1000000" help:"Rows to fit; a tenth more are held out."`
	Columns int    `default:"50" help:"Normal columns; the label follows the first, and the product of the next two."`
	Rounds  int    `default:"3" help:"Times that both are fitted; the least of each figure counts."`
	Threads int    `default:"2" help:"Threads of both."`
	Python  string `help:"A Python with lightgbm and numpy; without, cvp runs alone."`
	Profile string `help:"File for a processor profile of the fits."`
}

// figures are what one fit took.
type figures struct {
	Bin     float64 `json:"bin_seconds"`
	Fit     float64 `json:"fit_seconds"` // cvp: binning included, Bin is 0
	CPU     float64 `json:"cpu_seconds"` // of both
	Predict float64 `json:"predict_rows_per_second"`
	LogLoss float64 `json:"log_loss"`
}

func main() {
	var c command
	k := kong.Parse(&c, kong.Name("boosting"))
	k.FatalIfErrorf(c.run(context.Background()))
}

func (c *command) run(ctx context.Context) error {
	runtime.GOMAXPROCS(c.Threads)
	held := c.Rows / 10
	e := c.examples(c.Rows + held)
	train := &model.Examples{X: e.X.Slice(0, c.Rows), Y: e.Y[:c.Rows]}
	test := &model.Examples{X: e.X.Slice(c.Rows, c.Rows+held), Y: e.Y[c.Rows:]}
	dir, err := os.MkdirTemp("", "cvp-boosting")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	if c.Python != "" {
		if err := write(filepath.Join(dir, "rows"), e); err != nil {
			return fmt.Errorf("write the rows: %w", err)
		}
	}
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return fmt.Errorf("write the profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("start the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	var own, peer figures
	for round := range c.Rounds {
		f, err := c.own(ctx, train, test)
		if err != nil {
			return err
		}
		own = least(own, f, round)
		if c.Python == "" {
			continue
		}
		if f, err = c.peer(ctx, dir, held); err != nil {
			return err
		}
		peer = least(peer, f, round)
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"cvp": own}); err != nil || c.Python == "" {
		return err
	}
	return out.Encode(map[string]any{"lightgbm": peer, "ratios": map[string]float64{
		"seconds": own.Fit / (peer.Bin + peer.Fit), "seconds_to_fit_alone": own.Fit / peer.Fit, "cpu": own.CPU / peer.CPU,
		"rows_per_second": own.Predict / peer.Predict, "log_loss": own.LogLoss / peer.LogLoss}})
}

// least keeps the least time and the greatest speed.
func least(a, b figures, round int) figures {
	if round == 0 {
		return b
	}
	return figures{min(a.Bin, b.Bin), min(a.Fit, b.Fit), min(a.CPU, b.CPU), max(a.Predict, b.Predict), b.LogLoss}
}

// examples are the rows of engine_speed's kind: y is x0 + x1·x2 + noise > 0.
func (c *command) examples(n int) *model.Examples {
	rng := rand.New(rand.NewPCG(1, 2))
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	for j := range c.Columns {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		e.X.Columns = append(e.X.Columns, frame.Column{Name: fmt.Sprintf("x%d", j), Kind: frame.Number, Numbers: v})
	}
	x := e.X.Columns
	for i := range e.Y {
		if float64(x[0].Numbers[i]+x[1].Numbers[i]*x[2].Numbers[i])+rng.NormFloat64() > 0 {
			e.Y[i] = 1
		}
	}
	return e
}

// own fits gbdt with LightGBM's default parameters.
func (c *command) own(ctx context.Context, train, test *model.Examples) (figures, error) {
	runtime.GC()
	var f figures
	params := map[string]any{"trees": 100, "learning_rate": .1, "max_leaves": 31, "min_leaf": 20, "l2": 0.0, "row_share": 1.0, "column_share": 1.0}
	began, cpu := time.Now(), processor()
	m, err := gbdt.Boosting{}.Fit(ctx, train, nil, model.Settings{Task: model.Class, Seed: 1, Threads: c.Threads, Params: params})
	if err != nil {
		return f, fmt.Errorf("fit gbdt: %w", err)
	}
	f.Fit, f.CPU = time.Since(began).Seconds(), processor()-cpu
	p := make([]float64, train.X.Rows)
	began = time.Now()
	if err := m.Predict(p, train.X); err != nil {
		return f, fmt.Errorf("predict with gbdt: %w", err)
	}
	f.Predict = float64(len(p)) / time.Since(began).Seconds()
	if err := m.Predict(p[:test.X.Rows], test.X); err != nil {
		return f, fmt.Errorf("predict with gbdt: %w", err)
	}
	for i, y := range test.Y {
		q := p[i]
		if y == 0 {
			q = 1 - q
		}
		f.LogLoss -= math.Log(q) / float64(len(test.Y))
	}
	return f, nil
}

func processor() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peer fits LightGBM to the same rows.
func (c *command) peer(ctx context.Context, dir string, held int) (figures, error) {
	var f figures
	cmd := exec.CommandContext(ctx, c.Python, "-c", lightgbm, filepath.Join(dir, "rows"),
		fmt.Sprint(c.Rows), fmt.Sprint(held), fmt.Sprint(c.Columns), fmt.Sprint(c.Threads))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("run LightGBM: %w", err)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("read LightGBM's figures: %w", err)
	}
	return f, nil
}

// write writes the columns and then the labels as little-endian float32.
func write(path string, e *model.Examples) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for _, c := range e.X.Columns {
		if err := binary.Write(w, binary.LittleEndian, c.Numbers); err != nil {
			return err
		}
	}
	if err := binary.Write(w, binary.LittleEndian, e.Y); err != nil {
		return err
	}
	return w.Flush()
}
