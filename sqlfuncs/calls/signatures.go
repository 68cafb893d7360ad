package calls

import (
	"fmt"
	"strings"
)

// signatures are the functions of cvp by name, each as its arguments, those that may be left out in brackets.
var signatures = map[string][]string{
	Train: {"model, question [, relation] [, target] [, key] [, algorithm] [, options] [, max_age] [, if_changed]",
		"model, relation => …, target => … [, key] [, algorithm] [, options] [, max_age] [, if_changed]"},
	Predict:             {"model, key", "model, row", "key", "row"},
	Predictions:         {"model"},
	Features:            {"model, key [, as_of]"},
	Profile:             {"relation"},
	Recommend:           {"model, key [, n]"},
	Recommendations:     {"model [, n]"},
	ExplainQuestion:     {"question [, options]"},
	"cvp_evaluate":      {"model"},
	"cvp_leak_check":    {"model"},
	"cvp_define_source": {"relation [, time_column] [, links] [, group_column] [, recorded_at]"},
	"cvp_drop_source":   {"relation"},
	"cvp_deploy":        {"model, version"},
	"cvp_rollback":      {"model"},
	"cvp_drop_model":    {"model"},
	"cvp_share":         {"model, role"},
	"cvp_unshare":       {"model, role"},
}

// undefinedFunction is Postgres's SQLSTATE for a function that does not exist with the arguments given.
const undefinedFunction = "42883"

// Hint tells how a function of cvp is called where Postgres's error says that it does not exist with some arguments. It is ""
// for any other error.
func Hint(code, message string) string {
	if code != undefinedFunction {
		return ""
	}
	// function cvp.cvp_predict(integer) does not exist, in any language, or without the schema where the database has none
	_, call, found := strings.Cut(message, " "+prefix)
	if !found {
		_, call, found = strings.Cut(message, " ")
	}
	name, _, open := strings.Cut(call, "(")
	forms := signatures[name]
	if !found || !open || forms == nil {
		return ""
	}
	shown := make([]string, len(forms))
	for i, arguments := range forms {
		shown[i] = fmt.Sprintf("%s(%s)", name, arguments)
	}
	return "It is called as " + strings.Join(shown, " or ") + "."
}
