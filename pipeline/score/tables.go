package score

import (
	"fmt"
	"strings"
)

// Summary puts reports beside each other, a column for each: the whole but for the scenarios.
func Summary(reports []*Report) Table {
	t := Table{{""}}
	add := func(title string, f func(r *Report) string) {
		row := []string{title}
		for _, r := range reports {
			row = append(row, f(r))
		}
		t = append(t, row)
	}
	for _, r := range reports {
		t[0] = append(t[0], r.Name)
	}
	for i, in := range Intensities() {
		add("recall, "+in, func(r *Report) string { return r.Overall[i].Found.percent() })
	}
	for i, in := range Intensities() {
		add("of floods, spam and takeover, "+in, func(r *Report) string { return r.Aimed[i].Found.percent() })
	}
	for i, in := range Intensities() {
		add("told after, "+in+" (median, 90 %)", func(r *Report) string {
			return orDash(r.Overall[i].Median, seconds) + ", " + orDash(r.Overall[i].P90, seconds)
		})
	}
	for i, in := range Intensities() {
		add("its requests behind the first alert, "+in, func(r *Report) string { return orDash(r.Overall[i].Before, percentage) })
	}
	add("attacks without a trace in these logs", func(r *Report) string {
		n := 0
		for _, row := range r.Overall {
			n += row.Unseen
		}
		return fmt.Sprint(n)
	})
	add("precision", func(r *Report) string { return r.Precision.percent() })
	for d := range Day(dayKinds) {
		add("false per "+d.String()+" day", func(r *Report) string {
			return fmt.Sprintf("%s, %d in %s days", r.False[d].rate(), r.False[d].Incidents, number(r.False[d].Days))
		})
	}
	add("duplicates per found attack", func(r *Report) string { return number(r.duplicates()) })
	add("messages per found attack", func(r *Report) string { return orDash(r.Messages.PerAttack, number) })
	add("messages per day", func(r *Report) string { return orDash(r.Messages.PerDay, number) })
	add("names right, wrong", func(r *Report) string { return fmt.Sprintf("%d, %d", r.Naming.Right, r.Naming.Wrong) })
	add("only ever seen from these addresses", func(r *Report) string { return fmt.Sprint(r.Apart.SeenOnly) })
	add("framed innocents", func(r *Report) string { return fmt.Sprint(len(r.Framed)) })
	add("honest sites named at all", func(r *Report) string { return fmt.Sprint(len(r.Honest)) })
	add("apart: health, warm-up, low, in campaigns", func(r *Report) string {
		return fmt.Sprintf("%d, %d, %d, %d", r.Apart.Health, r.Apart.WarmUp, r.Apart.Low, r.Apart.Members)
	})
	return t
}

// duplicates returns how many more incidents than one a found attack had.
func (r *Report) duplicates() float64 {
	sum, found := 0.0, 0
	for _, row := range r.Overall {
		sum += row.Duplicates * float64(row.Found.K)
		found += row.Found.K
	}
	if found == 0 {
		return 0
	}
	return sum / float64(found)
}

// Scenarios is recall by threat and by scenario, the first report in full, what the others found beside.
// All must be of the same runs.
func Scenarios(reports []*Report) Table {
	head := []string{"what", "intensity", reports[0].Name, "told after", "90 %", "behind the alert", "duplicates", "messages", "no trace"}
	for _, r := range reports[1:] {
		head = append(head, r.Name)
	}
	t := Table{head}
	for _, part := range []func(r *Report) []Recall{func(r *Report) []Recall { return r.Threats }, func(r *Report) []Recall { return r.Scenarios }} {
		for i, row := range part(reports[0]) {
			cells := []string{row.Threat + row.Scenario, row.Intensity, missed(row.Found), orDash(row.Median, seconds), orDash(row.P90, seconds),
				orDash(row.Before, percentage), number(row.Duplicates), number(row.Messages), fmt.Sprint(row.Unseen)}
			for _, r := range reports[1:] {
				cells = append(cells, missed(part(r)[i].Found))
			}
			t = append(t, cells)
		}
	}
	return t
}

// missed is a share that says so when nothing was found.
func missed(s Share) string {
	if s.K == 0 && s.N > 0 {
		return "MISSED, " + s.percent()
	}
	return s.percent()
}

// Blames lists what was false.
func Blames(r *Report) Table {
	t := Table{{"false incidents of " + r.Name, "day", "during", "about", "incidents"}}
	for _, b := range r.Whose {
		about := ""
		if b.Attacker {
			about = "the attacker, wrong threat"
		}
		t = append(t, []string{b.Detector, b.Day, b.During, about, fmt.Sprint(b.Incidents)})
	}
	return t
}

// Innocents lists who was named.
func Innocents(title string, list []Named) Table {
	t := Table{{title, "days", "by", "at", "during", "run", "alert"}}
	for _, n := range list {
		t = append(t, []string{n.Site, fmt.Sprint(n.Days), n.Detector, stamp(n.At), n.During, fmt.Sprintf("%s %d", n.Family, n.Seed), n.ID})
	}
	return t
}

// A Row is a report with what it is of, for Overview.
type Row struct {
	Labels []string
	Report *Report
}

// Overview is one line for each report: what a README has room for. head are the labels' titles. Times are by
// intensity, the loudest first.
func Overview(head []string, rows []Row) Table {
	top := append([]string{}, head...)
	for _, in := range Intensities() {
		top = append(top, in+" found")
	}
	t := Table{append(top, "of floods, spam, takeover", "precision", "false per quiet day", "per weird day", "framed", "told after, median")}
	for _, row := range rows {
		r := row.Report
		cells := append([]string{}, row.Labels...)
		var after, aimed []string
		for i := range Intensities() {
			cells = append(cells, r.Overall[i].Found.brief())
			after = append(after, orDash(r.Overall[i].Median, seconds))
			aimed = append(aimed, orDash(r.Aimed[i].Found.Value, percentage))
		}
		t = append(t, append(cells, strings.Join(aimed, ", "), r.Precision.brief(), r.False[Quiet].rate(), r.False[WeirdDay].rate(), fmt.Sprint(len(r.Framed)), strings.Join(after, ", ")))
	}
	return t
}
