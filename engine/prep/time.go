package prep

import (
	"math"

	"cvp/engine/frame"
)

const microsPerDay = 86_400e6

// timeParts are the outputs of a time: its place on the line, and on the circles of year, week and day.
var timeParts = []string{"days", "year sin", "year cos", "week sin", "week cos", "day sin", "day cos"}

// binnedParts are the features of a time for trees, which can cut a circle anywhere: days as above, then the
// fraction of the year, the day of the week from Monday 0, and the hour.
var binnedParts = []string{"days", "year", "weekday", "hour"}

// partsOf lists what a column of that kind gives as numbers.
func partsOf(k frame.Kind) []string {
	if k == frame.Time {
		return timeParts
	}
	return []string{""}
}

func partName(column, part string) string {
	if part == "" {
		return column
	}
	return column + " " + part
}

// partOf gives one part of an instant in microseconds since 1970-01-01 UTC: days since then, or a coordinate
// on a circle, which joins December to January, Sunday to Monday and midnight to itself.
func partOf(part string, micros int64) float64 {
	days := float64(micros) / microsPerDay
	switch part {
	case "year sin":
		return math.Sin(turn(days / 365.2425))
	case "year cos":
		return math.Cos(turn(days / 365.2425))
	case "week sin":
		return math.Sin(turn((days + 3) / 7)) // 1970-01-01 was a Thursday: weeks begin on Monday
	case "week cos":
		return math.Cos(turn((days + 3) / 7))
	case "day sin":
		return math.Sin(turn(days))
	case "day cos":
		return math.Cos(turn(days))
	case "year":
		return days/365.2425 - math.Floor(days/365.2425)
	case "weekday":
		d := math.Floor(days) + 3
		return d - 7*math.Floor(d/7)
	case "hour":
		return math.Floor(24 * (days - math.Floor(days)))
	}
	return days
}

// turn is the angle of the fractional part of v.
func turn(v float64) float64 { return 2 * math.Pi * (v - math.Floor(v)) }
