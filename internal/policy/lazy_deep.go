package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room hides rows under many models. One condition inside another grows with the ways to the models above, of which a graph
// has far more than models, and databases read only so many levels of them: here one recursive query goes up from the row, and
// is as long as there are relations above.

// deepest and mostWays bound what is written as one condition inside another: the models on a way up, and the ways. The others do so where
// there is no such query.
const (
	deepest       = 4
	mostWays      = 12
	deepestNested = 12
	mostNested    = 60
)

// under tells whether the models above the policy's by lazy relations are more than that.
func (p *Policy) under(deepest, mostWays int) bool {
	ways := 0
	var climb func(p *Policy, way []*Policy) bool
	climb = func(p *Policy, way []*Policy) bool {
		way = append(way, p)
		for _, r := range p.lazyParents() {
			if ways++; ways > mostWays || len(way) > deepest || !slices.Contains(way, r.Parent) && climb(r.Parent, way) {
				return true
			}
		}
		return false
	}
	return climb(p, nil)
}

// lazyParents are the relations by which a row hides with a parent.
func (p *Policy) lazyParents() (list []*Relation) {
	for _, r := range p.Belongs {
		if r.lazy && r.Parent.KeepsDeleted() {
			list = append(list, r)
		}
	}
	return list
}

// The recursive query has a row for each row above, with the columns by which that refers to its own parents.
const aboveTable = "softdelete_above"

// ascent writes that query.
type ascent struct {
	quote  func(string) string
	d      *dialect.Dialect
	row    *Policy   // the model of the row
	models []*Policy // above the row that the query goes up from, each once
	slots  []string  // the kinds of the columns that are taken along
	// taken are the columns of a model, by their slots.
	taken map[*Policy][]*schema.Field
}

// deepPredicate holds for rows that no deleted parent hides, at whatever height.
func (p *Policy) deepPredicate(quote func(string) string) statement.Predicate {
	a := &ascent{quote: quote, d: p.dialect, row: p, taken: map[*Policy][]*schema.Field{}}
	own := p.lazyParents()
	for _, r := range own {
		a.add(p, r)
	}
	for i := 0; i < len(a.models); i++ {
		for _, r := range a.models[i].lazyParents() {
			a.add(a.models[i], r)
			for _, key := range r.Keys {
				a.take(a.models[i], key.Child)
			}
		}
	}
	const cut = "\x00"
	var first, further []string
	for _, r := range own {
		// Not under a name that the statement around may have for its own table.
		first = append(first, a.selects(p, r, "softdelete_parent", "", "", func(child *schema.Field) string { return cut + quote(child.DBName) })...)
	}
	below, compound := quote(aboveTable)+" AS a", a.d.Has(dialect.CompoundRecursion)
	beside := "" // where each step reads the rows below itself
	if compound {
		beside = below + ", "
	}
	for i, m := range a.models {
		for _, r := range m.lazyParents() {
			further = append(further, a.selects(m, r, "p", beside, "a.node = "+strconv.Itoa(i)+" AND ", func(child *schema.Field) string {
				return "a." + a.column(slices.Index(a.taken[m], child))
			})...)
		}
	}
	text := "NOT EXISTS (WITH RECURSIVE " + quote(aboveTable) + " (node, gone" + a.columns() + ") AS (" + strings.Join(first, " UNION ")
	switch {
	case len(further) == 0:
	case compound:
		text += " UNION " + strings.Join(further, " UNION ")
	default:
		text += " UNION SELECT x.* FROM " + below + " CROSS JOIN LATERAL (" + strings.Join(further, " UNION ALL ") + ") AS x"
	}
	return strings.Split(text+") SELECT 1 FROM "+quote(aboveTable)+" WHERE gone = 1)", cut)
}

// ends tells whether the query goes up no further from the parents that a model has by a relation: those of a tree, one level of which
// hides its rows, and of the row's own model.
func (a *ascent) ends(m *Policy, r *Relation) bool { return r.Parent == m || r.Parent == a.row }

// add notes a model above another, by a relation.
func (a *ascent) add(m *Policy, r *Relation) {
	if !a.ends(m, r) && !slices.Contains(a.models, r.Parent) {
		a.models = append(a.models, r.Parent)
	}
}

// take makes sure that a column of a model has a slot of its kind.
func (a *ascent) take(p *Policy, field *schema.Field) {
	if slices.Contains(a.taken[p], field) {
		return
	}
	kind, _ := a.kept(field, "")
	for i, slot := range a.slots {
		if slot == kind && (i >= len(a.taken[p]) || a.taken[p][i] == nil) {
			a.put(p, i, field)
			return
		}
	}
	a.slots = append(a.slots, kind)
	a.put(p, len(a.slots)-1, field)
}

func (a *ascent) put(p *Policy, slot int, field *schema.Field) {
	for len(a.taken[p]) <= slot {
		a.taken[p] = append(a.taken[p], nil)
	}
	a.taken[p][slot] = field
}

// kept gives the kind of a column, and how it is taken along: keys of several models share columns, whose type must be one.
func (a *ascent) kept(field *schema.Field, column string) (kind, expression string) {
	switch field.GORMDataType {
	case schema.Int, schema.Uint:
		return "integer", a.d.Integer(column)
	case schema.String:
		if field.DataType == schema.String {
			return "text", a.d.Text(column)
		}
	}
	return string(field.DataType), column
}

func (a *ascent) column(slot int) string { return fmt.Sprintf("k%d", slot) }

// columns lists the columns that are taken along.
func (a *ascent) columns() (list string) {
	for i := range a.slots {
		list += ", " + a.column(i)
	}
	return list
}

// selects gives the SELECTs of the parents by a relation of a model, whose columns child writes: deleted ones, and others that may be
// hidden themselves. beside stands before the parent's table, before in front of the condition.
func (a *ascent) selects(m *Policy, r *Relation, parent, beside, before string, child func(*schema.Field) string) (list []string) {
	p, node := r.Parent, -1 // from which no step leads on
	if !a.ends(m, r) {
		node = slices.Index(a.models, p)
	}
	alias := a.quote(parent)
	var keys []string
	for _, key := range r.Keys {
		keys = append(keys, alias+"."+a.quote(key.Parent.DBName)+" = "+child(key.Child))
	}
	from := func(table, gone, further string, columns bool) {
		text := "SELECT " + strconv.Itoa(node) + ", " + gone
		for i, kind := range a.slots {
			if taken := a.taken[p]; columns && node >= 0 && i < len(taken) && taken[i] != nil {
				_, expression := a.kept(taken[i], alias+"."+a.quote(taken[i].DBName))
				text += ", " + expression
			} else {
				text += ", " + a.none(kind)
			}
		}
		list = append(list, text+" FROM "+beside+a.quote(table)+" AS "+alias+" WHERE "+before+strings.Join(keys, " AND ")+further)
	}
	if archived := r.ArchivedParent(alias, a.quote); archived != "" {
		from(p.DeletedTable(), "1", " AND "+archived, false)
		if len(p.lazyParents()) > 0 && node >= 0 {
			from(p.Table, "0", "", true)
		}
		return list
	}
	from(p.Table, "CASE WHEN "+p.Predicates.Deleted.Of(alias)+" THEN 1 ELSE 0 END", "", true)
	return list
}

// none is a NULL of a kind.
func (a *ascent) none(kind string) string {
	for _, m := range a.models {
		for _, field := range a.taken[m] {
			if field == nil {
				continue
			}
			if of, _ := a.kept(field, ""); of == kind {
				_, expression := a.kept(field, "NULL")
				if expression != "NULL" {
					return expression
				}
				return "(SELECT " + a.quote(field.DBName) + " FROM " + a.quote(m.Table) + " WHERE 1 = 0)"
			}
		}
	}
	return "NULL"
}
