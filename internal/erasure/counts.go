package erasure

import (
	"fmt"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/pii"
)

// This room counts what an erasure did, for certificates and previews.

// tables lists what was masked or deleted, per model.
func (x *erasure) tables(list []*reachedModel) []certificate.ErasedTable {
	var tables, logs []certificate.ErasedTable
	for _, m := range list {
		data := m.Policy.Personal
		if t, logged := x.logs.logTable(m); logged {
			logs = append(logs, t)
		}
		if data == nil || len(data.Masked) == 0 && !data.Remove || len(m.rows) == 0 {
			continue
		}
		t := certificate.ErasedTable{Table: m.Table(), Columns: []certificate.ErasedColumn{}}
		if data.Remove {
			t.Deleted = int64(len(m.rows))
		} else {
			t.Masked = int64(len(m.rows))
			for _, c := range data.Masked {
				t.Columns = append(t.Columns, certificate.ErasedColumn{Column: c.Field.DBName, Strategy: c.Mask.Strategy()})
			}
		}
		tables = append(tables, t)
	}
	return append(tables, logs...)
}

// logTable is the event log of a model whose rows' events are masked. The columns are those in the events' data, with the
// strategy of the column; a column of a row that is in no table becomes null.
func (x *logs) logTable(m *reachedModel) (t certificate.ErasedTable, logged bool) {
	p := m.Policy
	if m.Log() == nil || x.loggedRows[p] == 0 {
		return t, false
	}
	t = certificate.ErasedTable{Table: p.Log.Events, Columns: []certificate.ErasedColumn{{Column: "actor", Strategy: pii.Zero}, {Column: "reason", Strategy: pii.Zero}}, Masked: x.loggedRows[p]}
	switch {
	case p.Personal == nil:
	case p.Personal.Remove:
		t.Columns = append(t.Columns, certificate.ErasedColumn{Column: "data", Strategy: pii.Delete})
	default:
		for _, c := range p.Personal.Masked {
			t.Columns = append(t.Columns, certificate.ErasedColumn{Column: "data." + c.Field.DBName, Strategy: c.Mask.Strategy()})
		}
	}
	return t, true
}

// keyStays stands in place of the legal basis of a primary key that looks personal.
const keyStays = "none, it is the primary key, which is never erased"

// keptColumns lists the personal columns of all rows reached that stay.
func (x *erasure) keptColumns() []certificate.KeptColumn {
	var kept []certificate.KeptColumn
	for _, m := range x.reach.rows {
		for _, field := range personalKey(m.Policy) {
			if rows := int64(len(m.rows) + len(m.gone)); rows > 0 {
				kept = append(kept, certificate.KeptColumn{Table: m.Table(), Column: field.DBName, Basis: keyStays, Rows: rows})
			}
		}
		if m.Policy.Personal == nil || m.Policy.Personal.Remove || len(m.rows) == 0 {
			continue
		}
		for _, k := range m.Policy.Personal.Kept {
			kept = append(kept, certificate.KeptColumn{Table: m.Table(), Column: k.Field.DBName, Basis: k.Basis, Rows: int64(len(m.rows))})
		}
	}
	return append(kept, x.cold.kept()...)
}

// keyNotes say which primary keys look personal and stay.
func (x *erasure) keyNotes() (notes []string) {
	for _, p := range x.led() {
		for _, field := range personalKey(p) {
			note := fmt.Sprintf("the primary key %s of table %s looks personal and was kept; records of erased rows, ledgers and, of the "+
				"subject, this certificate have it too; give the model a key that says nothing about the person, or tag this one pii:\"-\"",
				field.DBName, p.Table)
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

// mergeTables adds up two lists of a certificate.
func mergeTables(list, more []certificate.ErasedTable) []certificate.ErasedTable {
	list = slices.Clone(list)
	for _, t := range more {
		i := slices.IndexFunc(list, func(known certificate.ErasedTable) bool { return known.Table == t.Table })
		if i < 0 {
			list = append(list, t)
			continue
		}
		list[i].Masked += t.Masked
		list[i].Deleted += t.Deleted
	}
	return list
}
