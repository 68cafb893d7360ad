// Package imports holds a test alone: that the packages depend on each other in one direction,
// server ← sqlfuncs → engine and sqlfuncs → catalog → engine.
package imports
