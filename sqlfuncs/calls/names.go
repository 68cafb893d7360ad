package calls

// Schema is where cvp's functions, views and tables live.
const Schema = "cvp"

// Functions that the engine answers.
const (
	Train       = "cvp_train"
	Predict     = "cvp_predict"
	Predictions = "cvp_predictions"
	Features    = "cvp_features"
	Profile     = "cvp_profile"
	Recommend   = "cvp_recommend"
	// Recommendations is Recommend for every key.
	Recommendations = "cvp_recommendations"
	// ExplainQuestion tells what a question would be learnt from.
	ExplainQuestion = "cvp_explain_question"
)

// engine reports whether the engine answers the function, Postgres alone the others.
func engine(function string) bool {
	switch function {
	case Train, Predict, Predictions, Features, Profile, Recommend, Recommendations, ExplainQuestion:
		return true
	}
	return false
}

// registry reports whether the function of that name is one of schema cvp that Postgres answers alone.
func registry(function string) bool {
	switch function {
	case "cvp_evaluate", "cvp_leak_check", "cvp_define_source", "cvp_drop_source", "cvp_deploy", "cvp_rollback", "cvp_drop_model", "cvp_share", "cvp_unshare":
		return true
	}
	return false
}

// view reports whether the relation of that name is a view of schema cvp.
func view(relation string) bool {
	return relation == "cvp_models" || relation == "cvp_runs" || relation == "cvp_sources"
}
