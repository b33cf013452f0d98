package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// ddlPart is what a migration executes for one table.
type ddlPart struct {
	table      string
	needs      []string // the tables that its foreign keys refer to
	statements []string
}

// begin starts the part of a table.
func (r *ddlRecorder) begin(table string, s *schema.Schema) {
	part := ddlPart{table: table}
	if s != nil {
		for _, rel := range policy.RelationsOf(s) {
			if c := rel.ParseConstraint(); c != nil && c.Schema == s && c.ReferenceSchema != s {
				part.needs = append(part.needs, c.ReferenceSchema.Table)
			}
		}
		slices.Sort(part.needs)
	}
	r.parts = append(r.parts, part)
}

// inStableOrder sorts the parts by table, each behind those that it needs. GORM's own order comes from a map where a table
// needs several (migrator/migrator.go:919, GORM 1.31).
func inStableOrder(parts []ddlPart) []ddlPart {
	waiting := slices.Clone(parts)
	slices.SortStableFunc(waiting, func(a, b ddlPart) int { return cmp.Compare(a.table, b.table) })
	var sorted []ddlPart
	placed := make([]bool, len(waiting))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		for _, need := range waiting[i].needs {
			for n := range waiting {
				if waiting[n].table == need {
					place(n)
				}
			}
		}
		sorted = append(sorted, waiting[i])
	}
	for i := range waiting {
		place(i)
	}
	return sorted
}

// sortedConstraints sorts the constraints inside CREATE TABLE, and neighbouring statements that add one: GORM takes them
// from a map (migrator/migrator.go:294, GORM 1.31).
func sortedConstraints(statements []string) []string {
	sorted := make([]string, len(statements))
	for i, text := range statements {
		sorted[i] = sortConstraints(text)
	}
	adds := func(s string) bool {
		return strings.HasPrefix(s, "ALTER TABLE") && strings.Contains(s, " ADD CONSTRAINT ")
	}
	for start := 0; start < len(sorted); start++ {
		end := start
		for end < len(sorted) && adds(sorted[end]) {
			end++
		}
		slices.Sort(sorted[start:end])
		start = max(start, end-1)
	}
	return sorted
}

func sortConstraints(text string) string {
	open := strings.IndexByte(text, '(')
	if !strings.HasPrefix(text, "CREATE TABLE") || open < 0 || !strings.HasSuffix(text, ")") {
		return text
	}
	parts := dialect.TopLevel(text[open+1 : len(text)-1])
	first := slices.IndexFunc(parts, func(part string) bool { return strings.HasPrefix(part, "CONSTRAINT ") })
	if first < 0 {
		return text
	}
	slices.Sort(parts[first:])
	return fmt.Sprintf("%s(%s)", text[:open], strings.Join(parts, ","))
}
