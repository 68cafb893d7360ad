-- The planner runs a STABLE function whose arguments it knows, to estimate how many rows a condition keeps. A client of
-- the extended protocol has Postgres plan its statement before the server answers the calls in it: none may run then.

ALTER FUNCTION cvp.cvp_predict(text, anyelement) VOLATILE;
ALTER FUNCTION cvp.cvp_predict(text, text) VOLATILE;
ALTER FUNCTION cvp.cvp_predict(anyelement) VOLATILE;
ALTER FUNCTION cvp.cvp_predict(text) VOLATILE;
ALTER FUNCTION cvp.cvp_predictions(text) VOLATILE;
