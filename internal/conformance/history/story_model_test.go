package history_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gorm-softdelete/softdelete"
)

// storyRow is a row as the model knows it. An archived table may have several with one key.
type storyRow struct {
	table  *storyTable
	key    StoryKey
	text   StoryText
	up     *StoryKey
	side   *StoryKey
	mark   int // the deletion that it belongs to, from 1; 0 for a live row
	moved  int // orders the archive
	erased bool
}

func (r *storyRow) String() string { return fmt.Sprintf("%s %v %s", r.table.name, r.key, r.text.Tag) }

// ref is the key that the row refers to by a link.
func (r *storyRow) ref(l storyLink) *StoryKey {
	switch {
	case l.child != r.table.name:
		return nil
	case l.side:
		return r.side
	}
	return r.up
}

// storyDeletion is a deletion that took rows.
type storyDeletion struct {
	id    softdelete.DeletionID
	at    time.Time
	table *storyTable // of its root
}

// storyHold covers a row, and all that stands under it.
type storyHold struct {
	table  string
	key    StoryKey
	number int // in the order in which they were placed
}

// storyModel is the contract as plain as it can be said: a list of rows, and loops that add to a set until nothing more comes.
type storyModel struct {
	rows      []*storyRow
	deletions []storyDeletion
	holds     map[softdelete.HoldID]storyHold
	moves     int
}

// clone is a model that changes by itself.
func (m *storyModel) clone() *storyModel {
	other := &storyModel{deletions: slices.Clone(m.deletions), holds: maps.Clone(m.holds), moves: m.moves}
	for _, row := range m.rows {
		same := *row
		other.rows = append(other.rows, &same)
	}
	return other
}

type storySet map[*storyRow]bool

func (m *storyModel) where(accept func(r *storyRow) bool) (rows []*storyRow) {
	for _, row := range m.rows {
		if accept(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// with are all rows of a table with a key.
func (m *storyModel) with(table string, key StoryKey) []*storyRow {
	return m.where(func(r *storyRow) bool { return r.table.name == table && r.key == key })
}

func (m *storyModel) live(table string, key StoryKey) *storyRow {
	for _, row := range m.with(table, key) {
		if row.mark == 0 {
			return row
		}
	}
	return nil
}

// children are the rows that refer to a row.
func (m *storyModel) children(parent *storyRow, follow func(l storyLink) bool) (rows []*storyRow) {
	for _, l := range storyLinks {
		if l.parent == parent.table.name && follow(l) {
			rows = append(rows, m.where(func(r *storyRow) bool { ref := r.ref(l); return ref != nil && *ref == parent.key })...)
		}
	}
	return rows
}

func storyCascades(l storyLink) bool { return l.cascade }
func storyBlocks(l storyLink) bool   { return l.blocks }
func storyAny(storyLink) bool        { return true }

// reach gives the start and the rows under it that accept takes, down through those.
func (m *storyModel) reach(start []*storyRow, follow func(l storyLink) bool, accept func(r *storyRow) bool) storySet {
	reached, next := storySet{}, slices.Clone(start)
	for len(next) > 0 {
		row := next[0]
		next = next[1:]
		if !reached[row] {
			reached[row] = true
			next = append(next, slices.DeleteFunc(m.children(row, follow), func(r *storyRow) bool { return !accept(r) })...)
		}
	}
	return reached
}

// taken are the live ones of the roots with all that a deletion takes along.
func (m *storyModel) taken(roots []*storyRow) storySet {
	alive := func(r *storyRow) bool { return r.mark == 0 }
	return m.reach(slices.DeleteFunc(slices.Clone(roots), func(r *storyRow) bool { return r.mark != 0 }), storyCascades, alive)
}

// blocked tells whether live rows that are not taken block.
func (m *storyModel) blocked(taken storySet) bool {
	for row := range taken {
		for _, other := range m.children(row, storyBlocks) {
			if other.mark == 0 && !taken[other] {
				return true
			}
		}
	}
	return false
}

// delete gives the rows a mark.
func (m *storyModel) delete(taken storySet, d storyDeletion) {
	m.deletions = append(m.deletions, d)
	m.moves++
	for row := range taken {
		row.mark, row.moved = len(m.deletions), m.moves
	}
}

// above are the deleted rows that a row stands under, for each relation by which they take it along. Of rows that share a key those of its
// own deletion are the parents; else a live one is.
func (m *storyModel) above(row *storyRow, own storySet) (parents [][]*storyRow) {
	for _, l := range storyLinks {
		ref := row.ref(l)
		if ref == nil || !l.cascade {
			continue
		}
		deleted := m.where(func(r *storyRow) bool { return r.table.name == l.parent && r.key == *ref && r.mark != 0 })
		if lost := slices.DeleteFunc(slices.Clone(deleted), func(r *storyRow) bool { return !own[r] }); len(lost) > 0 {
			parents = append(parents, lost)
		} else if len(deleted) > 0 && m.live(l.parent, *ref) == nil {
			parents = append(parents, deleted)
		}
	}
	return parents
}

// split parts lost rows into those that come back and those that stay: erased ones, and those under a deleted row that stays.
func (m *storyModel) split(lost storySet) (back, held storySet) {
	back, held = maps.Clone(lost), storySet{}
	stay := func(row *storyRow) {
		delete(back, row)
		held[row] = true
	}
	for row := range lost {
		if row.erased {
			stay(row)
		}
	}
	for grown := true; grown; {
		grown = false
		for row := range maps.Clone(back) {
			for _, deleted := range m.above(row, lost) {
				if back[row] && !slices.ContainsFunc(deleted, func(r *storyRow) bool { return back[r] }) {
					stay(row)
					grown = true
				}
			}
		}
	}
	return back, held
}

// conflicts tells whether a row would come back to a key that is in use.
func (m *storyModel) conflicts(back storySet) bool {
	for row := range back {
		for _, other := range m.with(row.table.name, row.key) {
			if other != row && (other.mark == 0 || back[other]) {
				return true
			}
		}
	}
	return false
}

// latest is what a restore of a key means: the deleted row, of several archived ones the last.
func (m *storyModel) latest(table string, key StoryKey) *storyRow {
	var last *storyRow
	for _, row := range m.with(table, key) {
		if row.mark != 0 && (last == nil || row.moved > last.moved) {
			last = row
		}
	}
	return last
}

func (m *storyModel) restore(back storySet) {
	for row := range back {
		row.mark = 0
	}
}

// covered are the rows under a hold.
func (m *storyModel) covered(h storyHold) storySet {
	return m.reach(m.with(h.table, h.key), storyAny, func(*storyRow) bool { return true })
}

// held tells whether a hold covers a row of the set.
func (m *storyModel) held(rows storySet) bool {
	for _, h := range m.holds {
		for row := range m.covered(h) {
			if rows[row] {
				return true
			}
		}
	}
	return false
}

// named adds the rows that share a table and key with one of the set. A hold names what it covers by table and key, and so covers a live row too
// where an archived one of its key is under it: the plugin may refuse, on the safe side.
func (m *storyModel) named(rows storySet) storySet {
	all := maps.Clone(rows)
	for row := range rows {
		for _, other := range m.with(row.table.name, row.key) {
			all[other] = true
		}
	}
	return all
}

// remove takes rows out of the world.
func (m *storyModel) remove(rows storySet) {
	m.rows = slices.DeleteFunc(m.rows, func(r *storyRow) bool { return rows[r] })
}

// due tells whether a row's own retention is over.
func (m *storyModel) due(row *storyRow, now time.Time) bool {
	return row.mark != 0 && row.table.retain > 0 && !m.deletions[row.mark-1].at.Add(row.table.retain).After(now)
}

// goes are the rows that may leave in a purge: those that are due, and those without a retention that one deletion took with such a row.
func (m *storyModel) goes(now time.Time) storySet {
	going := storySet{}
	for grown := true; grown; {
		grown = false
		for _, row := range m.rows {
			with := func(parent *storyRow) bool {
				return going[parent] && parent.mark == row.mark && slices.Contains(m.children(parent, storyCascades), row)
			}
			if !going[row] && (m.due(row, now) || row.mark != 0 && row.table.retain == 0 && slices.ContainsFunc(m.rows, with)) {
				going[row], grown = true, true
			}
		}
	}
	return going
}

// stays narrows rows that may leave to those that nothing keeps: no hold, and no row that refers to them and stays.
func (m *storyModel) stays(going storySet) storySet {
	left := maps.Clone(going)
	for _, h := range m.holds {
		for row := range m.named(m.covered(h)) {
			delete(left, row)
		}
	}
	for grown := true; grown; {
		grown = false
		for row := range maps.Clone(left) {
			kept := slices.ContainsFunc(m.children(row, storyAny), func(r *storyRow) bool { return !left[r] })
			orphan := row.table.retain == 0 && !slices.ContainsFunc(m.rows, func(parent *storyRow) bool {
				return left[parent] && parent.mark == row.mark && slices.Contains(m.children(parent, storyCascades), row)
			})
			if kept || orphan {
				delete(left, row)
				grown = true
			}
		}
	}
	return left
}

// wanted is what the database should say of a row.
func (m *storyModel) wanted(row *storyRow) string {
	found := storyFound{key: row.key, text: row.text, up: row.up, side: row.side, deleted: row.mark != 0}
	if row.erased {
		found.text.Name = "[erased]"
	}
	if row.mark != 0 {
		found.id, found.at = m.deletions[row.mark-1].id, m.deletions[row.mark-1].at
		if row.table.byTime {
			found.id = ""
		}
	}
	return found.String()
}

func (f storyFound) String() string {
	state := "live"
	if f.deleted || f.id != "" || !f.at.IsZero() {
		state = fmt.Sprintf("deleted %t by %s at %s", f.deleted, f.id, f.at.UTC().Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("%q/%q named %s under %q and %q, %s", f.key.Part, f.key.Code, f.text.Name, storyShow(f.up), storyShow(f.side), state)
}

func storyShow(key *StoryKey) string {
	if key == nil {
		return ""
	}
	return key.Part + "/" + key.Code
}
