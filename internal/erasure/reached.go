package erasure

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// spot is a row in the order of the walk.
type spot struct {
	policy.Place
	mark string // a row's text, or the mark of one that is in the log only
}

// reachedModel are the rows of one model in one place.
type reachedModel struct {
	policy.Place
	rows []erasedrow.ReachedRow
	// gone are rows that are in the event log only.
	gone   []goneRow
	seen   map[string]bool
	logged map[string]bool // the keys of rows in the event log
	erased map[string]bool // those that were erased before, or are by now
}

func (x *reach) model(t policy.Place) *reachedModel {
	m := x.byPlace[t]
	if m == nil {
		m = &reachedModel{Place: t, seen: map[string]bool{}, logged: map[string]bool{}, erased: map[string]bool{}}
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
	if row.Log != "" {
		m.logged[row.Log] = true
	}
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
