package erasure

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for rows that the database hides from the session. An erasure would not find those, and nothing would tell that they are
// there: what it certified would not be so.

// seesAll refuses an erasure of tables with rows that may be hidden.
func (x *call) seesAll(tx statement.Session) error {
	var tables []string
	models := map[string]string{}
	add := func(p *policy.Policy, table string) {
		tables = append(tables, table)
		models[table] = cmp.Or(p.Schema.Name, "links")
	}
	for _, p := range x.concerned() {
		for _, t := range p.Places() {
			add(p, t.Table())
		}
		if p.Log != nil {
			add(p, p.Log.Events)
		}
	}
	// A row of a ledger names persons too, and a hold that does not show would not keep what it is on.
	tables = append(tables, deletion.Deletion{}.TableName(), hold.Row{}.TableName())
	hidden, err := tx.Dialect.Hidden(tx.InWork(tx.Statement.Context).DB, tables)
	if err != nil || len(hidden) == 0 {
		return err
	}
	for i, table := range hidden {
		hidden[i] = "the table " + table + " of " + cmp.Or(models[table], "the plugin")
	}
	return fault.HiddenTables("an erasure that missed one would certify what is not so", strings.Join(hidden, ", "), "erase", x.nothingErased())
}

// concerned are the models of which an erasure masks, removes, clears or counts something, and those that lead to them.
func (x *call) concerned() []*policy.Policy {
	in := map[*policy.Policy]bool{}
	list := x.reachable() // which has children behind their parents, but where models lead back
	for again := true; again; {
		again = false
		for _, p := range slices.Backward(list) {
			texts := slices.ContainsFunc(p.Places(), func(t policy.Place) bool { return len(t.Texts()) > 0 })
			leads := slices.ContainsFunc(x.edges[p], func(r *policy.Relation) bool { return in[r.Child] })
			if !in[p] && (p.Personal != nil || texts || leads) {
				in[p], again = true, true
			}
		}
	}
	return slices.DeleteFunc(list, func(p *policy.Policy) bool { return !in[p] })
}

// leaving are rows that an erasure is about to remove.
func leaving(t policy.Place, chunk []erasedrow.ReachedRow) statement.Leaving {
	return statement.Leaving{Table: t.Table(), Among: func(q *statement.Query, alias string) { erasedrow.KeysIn(q, t, alias, chunk) }}
}
