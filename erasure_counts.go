package softdelete

import "slices"

// This room counts what an erasure did, for certificates and previews.

// tables lists what was masked or deleted, per model.
func (x *erasure) tables(list []*reachedModel) []ErasedTable {
	var tables, logs []ErasedTable
	for _, m := range list {
		data := m.policy.personal
		if t, logged := x.logTable(m); logged {
			logs = append(logs, t)
		}
		if data == nil || len(data.masked) == 0 && !data.remove || len(m.rows) == 0 {
			continue
		}
		t := ErasedTable{Table: m.table(), Columns: []ErasedColumn{}}
		if data.remove {
			t.Deleted = int64(len(m.rows))
		} else {
			t.Masked = int64(len(m.rows))
			for _, c := range data.masked {
				t.Columns = append(t.Columns, ErasedColumn{Column: c.field.DBName, Strategy: c.mask.strategy()})
			}
		}
		tables = append(tables, t)
	}
	return append(tables, logs...)
}

// logTable is the event log of a model whose rows' events are masked. The columns are those in the events' data, with the
// strategy of the column; a column of a row that is in no table becomes null.
func (x *erasure) logTable(m *reachedModel) (t ErasedTable, logged bool) {
	p := m.policy
	if m.log() == nil || x.loggedRows[p] == 0 {
		return t, false
	}
	t = ErasedTable{Table: p.log.Events, Columns: []ErasedColumn{{Column: "actor", Strategy: maskZero}, {Column: "reason", Strategy: maskZero}}, Masked: x.loggedRows[p]}
	switch {
	case p.personal == nil:
	case p.personal.remove:
		t.Columns = append(t.Columns, ErasedColumn{Column: "data", Strategy: piiDelete})
	default:
		for _, c := range p.personal.masked {
			t.Columns = append(t.Columns, ErasedColumn{Column: "data." + c.field.DBName, Strategy: c.mask.strategy()})
		}
	}
	return t, true
}

// keptColumns lists the personal columns of all rows reached that stay.
func (x *erasure) keptColumns() []KeptColumn {
	var kept []KeptColumn
	for _, m := range x.rows {
		if m.policy.personal == nil || m.policy.personal.remove || len(m.rows) == 0 {
			continue
		}
		for _, k := range m.policy.personal.kept {
			kept = append(kept, KeptColumn{Table: m.table(), Column: k.field.DBName, Basis: k.basis, Rows: int64(len(m.rows))})
		}
	}
	return append(kept, x.coldKept()...)
}

// mergeTables adds up two lists of a certificate.
func mergeTables(list, more []ErasedTable) []ErasedTable {
	list = slices.Clone(list)
	for _, t := range more {
		i := slices.IndexFunc(list, func(known ErasedTable) bool { return known.Table == t.Table })
		if i < 0 {
			list = append(list, t)
			continue
		}
		list[i].Masked += t.Masked
		list[i].Deleted += t.Deleted
	}
	return list
}
