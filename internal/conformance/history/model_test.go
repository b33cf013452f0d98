package history_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// historyRow names a row by its table and key.
type historyRow struct {
	table string
	id    uint
}

func (r historyRow) String() string { return fmt.Sprintf("%s %d", r.table, r.id) }

// historyLink is a relation, seen from the child that refers to the parent by a column.
type historyLink struct {
	child, column, parent string
	cascade, guard        bool
}

// historyState is what the model knows of a row.
type historyState struct {
	parents map[string]uint // by column; a column that is NULL is missing
	status  string          // what it is while the row is live
	mark    int             // the deletion that the row belongs to, 0 for a live one
	named   bool            // that deletion was called on this row itself
	passed  bool            // RestoreDeletion passed the row on to a parent that only guards it
}

// historyModel is the contract of deleting and restoring, as plain as it can be said: sets of rows in memory, and loops
// that add to a set until nothing more comes.
type historyModel struct {
	links []historyLink
	rows  map[historyRow]*historyState
}

// historySet is a set of rows.
type historySet map[historyRow]bool

func (s historySet) String() string {
	var names []string
	for row := range s {
		names = append(names, row.String())
	}
	slices.Sort(names)
	return "{" + strings.Join(names, ", ") + "}"
}

// existing gives those of the rows that exist.
func (m *historyModel) existing(table string, ids []uint) (rows []historyRow) {
	for _, id := range ids {
		if row := (historyRow{table, id}); m.rows[row] != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// deletedParents lists the deleted rows that a row stands under, by the links that follow accepts.
func (m *historyModel) deletedParents(row historyRow, follow func(historyLink) bool) (parents []historyRow) {
	for _, link := range m.links {
		id, refers := m.rows[row].parents[link.column]
		parent := historyRow{link.parent, id}
		if link.child == row.table && follow(link) && refers && m.rows[parent] != nil && m.rows[parent].mark != 0 {
			parents = append(parents, parent)
		}
	}
	return parents
}

// children lists the rows under a row.
func (m *historyModel) children(row historyRow, follow func(historyLink) bool) (children []historyRow) {
	for _, link := range m.links {
		if link.parent != row.table || !follow(link) {
			continue
		}
		for child, state := range m.rows {
			if id, refers := state.parents[link.column]; child.table == link.child && refers && id == row.id {
				children = append(children, child)
			}
		}
	}
	return children
}

func historyCascades(link historyLink) bool { return link.cascade }
func historyGuards(link historyLink) bool   { return link.guard }
func historyHolds(link historyLink) bool    { return link.cascade || link.guard }
func historyKeeps(link historyLink) bool    { return !link.cascade }

// reach gives the start and all rows under it, down through rows of one mark: those that the deletion took, and those that were passed on
// to a parent.
func (m *historyModel) reach(start historyRow) historySet {
	mark := m.rows[start].mark
	reached, next := historySet{start: true}, []historyRow{start}
	for len(next) > 0 {
		row := next[0]
		next = next[1:]
		follow := func(children []historyRow, further func(*historyState) bool) {
			for _, child := range children {
				if state := m.rows[child]; state.mark == mark && !reached[child] && further(state) {
					reached[child] = true
					next = append(next, child)
				}
			}
		}
		follow(m.children(row, historyCascades), func(*historyState) bool { return true })
		follow(m.children(row, historyGuards), func(state *historyState) bool { return state.passed })
	}
	return reached
}

// delete marks the live ones of the roots, and all live rows under them down through live rows.
func (m *historyModel) delete(roots []historyRow, mark int) (taken historySet) {
	taken = historySet{}
	var live []historyRow
	for _, root := range roots {
		if m.rows[root].mark == 0 {
			live = append(live, root)
			maps.Copy(taken, m.reach(root))
		}
	}
	for row := range taken {
		*m.rows[row] = historyState{parents: m.rows[row].parents, status: m.rows[row].status, mark: mark}
	}
	for _, root := range live {
		m.rows[root].named = true
	}
	return taken
}

// kept gives the live rows that stay under rows that were taken.
func (m *historyModel) kept(taken historySet) (kept historySet) {
	kept = historySet{}
	for row := range taken {
		for _, child := range m.children(row, historyKeeps) {
			if m.rows[child].mark == 0 {
				kept[child] = true
			}
		}
	}
	return kept
}

// restoring tells what a restore of the roots does: which rows come back and which stay, held by another deleted parent;
// or that it is refused.
func (m *historyModel) restoring(roots []historyRow) (back, held historySet, refused bool) {
	lost := historySet{}
	for _, root := range roots {
		if m.rows[root].mark != 0 {
			maps.Copy(lost, m.reach(root))
		}
	}
	back, held = m.split(lost, historyCascades)
	for _, root := range roots {
		refused = refused || held[root]
	}
	for row := range back {
		for _, parent := range m.deletedParents(row, historyGuards) {
			refused = refused || !back[parent]
		}
	}
	return back, held, refused
}

// undoing tells the same of the restore of a whole deletion, which is never refused.
func (m *historyModel) undoing(mark int) (back, held historySet) {
	lost := historySet{}
	for row, state := range m.rows {
		if state.mark == mark {
			lost[row] = true
		}
	}
	return m.split(lost, historyHolds)
}

// split parts lost rows into those that come back and those that a deleted parent holds which does not come back.
func (m *historyModel) split(lost historySet, holds func(historyLink) bool) (back, held historySet) {
	back, held = maps.Clone(lost), historySet{}
	for grown := true; grown; {
		grown = false
		for row := range lost {
			for _, parent := range m.deletedParents(row, holds) {
				if !back[parent] && !held[row] {
					delete(back, row)
					held[row], grown = true, true
				}
			}
		}
	}
	return back, held
}

// restore makes the rows live.
func (m *historyModel) restore(back historySet) {
	for row := range back {
		m.rows[row].mark, m.rows[row].named, m.rows[row].passed = 0, false, false
	}
}

// passOn gives held rows the marks that they were found with, and returns those that no deleted parent has.
func (m *historyModel) passOn(held historySet, found func(historyRow) int, holds func(historyLink) bool) (wrong []historyRow) {
	for row := range held {
		m.rows[row].mark, m.rows[row].named = found(row), false
	}
	for row := range held {
		right := func(parent historyRow) bool { return m.rows[parent].mark == m.rows[row].mark }
		if !slices.ContainsFunc(m.deletedParents(row, holds), right) {
			wrong = append(wrong, row)
		}
		m.rows[row].passed = !slices.ContainsFunc(m.deletedParents(row, historyCascades), right)
	}
	return wrong
}

// astray lists the deleted rows that no restore of a row that was deleted by name would bring back with it.
func (m *historyModel) astray() (rows []historyRow) {
	found := historySet{}
	for row, state := range m.rows {
		if state.mark == 0 || state.named || state.passed {
			maps.Copy(found, m.reach(row))
		}
	}
	for row := range m.rows {
		if !found[row] {
			rows = append(rows, row)
		}
	}
	return rows
}
