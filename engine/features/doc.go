// Package features turns events into labels and features as of many instants, without leakage.
//
//	frame of event rows ─NewEvents─► Events ┐
//	                     PlanCutoffs ─► Plan ├─Learn─► Spec ─Compute─► frame of features, one row per Point
//	frame of entities ─NewAttributes─► …    ┘          Target.Labels ─► one label per Point
//
// An example is a Point: an entity as of a cutoff. Its features use events with time < cutoff, its label events in
// [cutoff, cutoff + horizon). Learn fixes the features (windows, levels, columns) from what lies before the last
// training cutoff; the Spec is stored with the model, and Compute is the only code that makes features, for training
// and for serving.
//
// # Features
//
// Spec.Features lists the columns with their formulas. The families, in order:
//
//   - recency: days since the last and the first event, purchases and active days so far; mean, spread, longest and
//     latest of the gaps between active days; the present silence against them (gap_ratio, gap_longer_share).
//   - decay: purchases, amounts and matching events weighted by 2^(-age ÷ half-life).
//   - windows: events, purchases, active days and the sum of every number column over the last 7 … 365 days.
//   - trends: the share of a wide window's purchases and amount that falls in the next shorter one.
//   - distinct: different values of category columns (products, stores) over the wide windows.
//   - baskets: mean, spread, greatest, latest worth of a purchase, its lines, returns.
//   - history: the target's own aggregate over the six windows of the horizon's length before the cutoff.
//   - matches: recency, frequency and amounts of the events for which the question's condition holds.
//   - mix: per category column the amounts and shares of the frequent levels, and the entropy; without a condition.
//   - related: with a condition, the shares of the levels that go with the events for which it holds.
//   - rhythm: weekend and time of day of purchases, UTC.
//   - calendar: season of the label window, only with at least 24 cutoffs over two years.
//   - acceleration: the change of the rate between the short and the middle wide window less that between middle and long.
//   - portions: every other number column (discounts, coupons, quantity) ÷ the amount.
//   - weekdays: share of purchases on each day of the week.
//   - ends: first and last level of category columns, as categories.
//   - sessions: events within 30 minutes of each other, where single events follow so closely.
//   - cohort: month of the first event and how many began in it, where entities began in several months.
//   - sides: of every other event table recency, decay, windows, trends, distinct, baskets, mix, means, ends, sessions and
//     conversion (what became purchases), with the table's name before.
//   - attributes: what is known of the entity apart from events, as it is.
//
// Missing is NaN and has a meaning: no such event, no second purchase, a window before the entity's first event.
// A purchase is the rows of one group (order, basket), or of one instant where events have no group. As of a cutoff
// it has only the lines before it. Days, weekdays and hours are UTC.
//
// Not yet: target encoding, event columns of kind Time.
package features
