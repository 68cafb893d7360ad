package main

import (
	"io"
	"log/slog"
)

// logFlags say what is logged and how.
type logFlags struct {
	Level  slog.Level `help:"Least level that is logged: debug, info, warn or error." default:"info" env:"CVP_LOG_LEVEL"`
	Format string     `help:"How: ${enum}." default:"text" enum:"text,json" env:"CVP_LOG_FORMAT"`
}

// logger writes to w as the flags say.
func (f *logFlags) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.Level}
	if f.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
