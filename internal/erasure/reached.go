package erasure

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// spot is a row in the order of the walk.
type spot struct {
	erasedrow.Place
	mark string // a row's text, or the mark of one that is in the log only
}

// reachedModel are the rows of one model in one place.
type reachedModel struct {
	erasedrow.Place
	rows []erasedrow.ReachedRow
	// gone are rows that are in the event log only.
	gone   []goneRow
	seen   map[string]bool
	erased map[string]bool // those that were erased before, or are by now
}

func (x *erasure) model(t erasedrow.Place) *reachedModel {
	m := x.byPlace[t]
	if m == nil {
		m = &reachedModel{Place: t, seen: map[string]bool{}, erased: map[string]bool{}}
		x.byPlace[t] = m
		x.rows = append(x.rows, m)
	}
	return m
}

func (m *reachedModel) add(row erasedrow.ReachedRow) bool {
	if m.seen[row.Text] {
		return false
	}
	m.seen[row.Text] = true
	m.rows = append(m.rows, row)
	return true
}

// removes tells whether the rows are deleted: one that is there has not been.
func (m *reachedModel) removes() bool { return m.Policy.Personal != nil && m.Policy.Personal.Remove }

// merge adds the rows of more to those of list, model by model.
func merge(list, more []*reachedModel) []*reachedModel {
	for _, m := range more {
		i := slices.IndexFunc(list, func(known *reachedModel) bool { return known.Place == m.Place })
		if i < 0 {
			list = append(list, m)
			continue
		}
		list[i].rows = append(list[i].rows, m.rows...)
		list[i].gone = append(list[i].gone, m.gone...)
	}
	return list
}

// strangers lists the columns of an archive that the model no longer has. Nothing says whether they are personal.
func (x *erasure) strangers(tx statement.Session, t erasedrow.Place) (names []string, err error) {
	if !t.Archived || !t.Policy.Personal.Erases() {
		return nil, nil
	}
	if known, ok := x.foreign[t.Policy]; ok {
		return known, nil
	}
	columns, err := archive.TableColumns(tx.InWork(tx.Statement.Context), t.Table())
	for _, c := range columns {
		if t.Policy.Schema.FieldsByDBName[c.Name] == nil && !policy.OwnColumn(c.Name) {
			names = append(names, c.Name)
		}
	}
	if err == nil {
		if x.foreign == nil {
			x.foreign = map[*policy.Policy][]string{}
		}
		x.foreign[t.Policy] = names
	}
	return names, err
}

// moved finds the rows of this erasure that the deletion of the subject has moved to an archive.
func (x *erasure) moved(tx statement.Session, m *reachedModel, chunk []erasedrow.ReachedRow) ([]erasedrow.ReachedRow, error) {
	t := erasedrow.Place{Policy: m.Policy, Archived: true}
	q := erasedrow.SelectRows(tx.Query(), t).Text(" WHERE ").Column(t.Table(), m.Policy.ID.DBName).Text(" = ").Bind(string(x.deletion))
	erasedrow.KeysIn(q.Text(" AND "), m.Place, t.Table(), chunk)
	return erasedrow.ReachedRows(q, t)
}
