package restore

import (
	"database/sql"
	"errors"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room gives archived root rows a name by which every further statement finds them at once: the first and the last of their
// numbers, where they were archived one after another. Where as many rows were found as there are numbers between these, the rows with
// these numbers are those rows and no others, since a number is that of one row. A few rows have the list of their numbers else.
//
// Many rows get the name before they are locked, or with that where nothing else is to be. What a restore asks of each row then is left to what tells it anyway: whether one of the
// key was archived later, to the few rows with higher numbers; whether a live row has a value of its own, to the unique indexes that
// refuse it when it is written. Where these object, the restore is undone and goes the long way, which finds out all there is to say.

// span is that name.
type span struct {
	column      string // of the numbers
	first, last int64
	list        []any // the numbers, where others lie between; nil else
}

// write writes the condition that a row is one of those, by its table's name or alias.
func (s *span) write(q *statement.Query, table string) {
	if s.list != nil {
		q.Among(table, s.column, s.list)
		return
	}
	q.Column(table, s.column).Text(" BETWEEN ").Bind(s.first).Text(" AND ").Bind(s.last)
}

// rows is how many they are.
func (s *span) rows() int64 {
	if s.list != nil {
		return int64(len(s.list))
	}
	return s.last - s.first + 1
}

// spanOfKeys is the span of rows of which each key is followed by its number, and the keys alone; nil where the database gives others
// than numbers.
func spanOfKeys(column string, found [][]any) (keys [][]any, s *span) {
	numbers, list := make([]int64, 0, len(found)), make([]any, 0, len(found))
	for _, key := range found {
		end := len(key) - 1
		if number, ok := key[end].(int64); ok {
			numbers, list = append(numbers, number), append(list, number)
		}
		keys = append(keys, key[:end])
	}
	if len(numbers) == 0 || len(numbers) < len(found) {
		return keys, nil
	}
	s = &span{column: column, first: slices.Min(numbers), last: slices.Max(numbers)}
	if s.rows() != int64(len(numbers)) {
		s.list = list
	}
	return keys, s
}

// hastyError says that the short way was wrong. All is undone.
type hastyError struct{ error }

func (e hastyError) Unwrap() error { return e.error }

// numbered gives the column of the numbers of archived root rows.
func (r *restoration) numbered() (column string, ok bool) { return r.root.DeletedPlace().Number() }

// short tells whether there may be a short way. Hooks are not run twice: with them there is none.
func (r *restoration) short() bool {
	_, ok := r.numbered()
	return ok && !r.graph.Wide && !r.thorough && !r.hooked()
}

// spanOf is the span of so many root rows with these numbers; nil where others lie between them.
func spanOf(column string, first, last sql.NullInt64, rows int64) *span {
	if s := (&span{column: column, first: first.Int64, last: last.Int64}); first.Valid && s.rows() == rows {
		return s
	}
	return nil
}

// pinSpan gives many root rows their name before they are locked, where they are all that the caller asks for, and no row of a key was
// archived later. Where one deletion, which took a key once, left them, that is the short way. Who asks for the deletion means its rows,
// not the latest.
func (r *restoration) pinSpan(tx statement.Session) error {
	n := r.graph.NodeOf(r.root)
	if _, ok := r.numbered(); !ok || r.graph.Wide || r.thorough || r.branches() { // there may be more rows of the model than these
		return nil
	}
	// Nobody hands rows over to another deletion meanwhile.
	lasting := len(r.holders(n)) == 0
	if r.deletion != "" {
		if !lasting || !r.short() {
			return nil
		}
		found, err := r.readRoots(tx, r.alone(), func(q *statement.Query) { r.carriesMark(q, r.root, r.rootsTable().Qualifier()) })
		if err == nil && found.span != nil && found.rows > deletion.FewKeys && found.firstID == found.lastID {
			r.span, r.hasty = found.span, true
		}
		return err
	}
	found, err := r.readRoots(tx, r.alone(), r.askedRows)
	if err != nil || found.span == nil {
		return err
	}
	one := found.firstID == found.lastID
	// Further rows than these cost more than to ask them of their keys.
	later := found.highest - found.span.last
	r.span, r.hasty = found.span, one && r.short() && later <= found.span.rows()
	if !r.hasty || later > 0 {
		var counts statement.Tally
		counts.Add(func(q *statement.Query) { r.lateRoots(q) }, func(rows int64) { later = rows })
		if err := counts.Run(tx.Query()); err != nil || later > 0 {
			r.span, r.hasty = nil, false
			return err
		}
	}
	if lasting && one {
		r.known = true
		r.name(found)
	}
	return nil
}

// rootsTable is the table where the root rows are found.
func (r *restoration) rootsTable() statement.Table {
	if r.deletion != "" {
		return statement.Table{Name: r.root.DeletedTable()}
	}
	return r.target
}

// errInTheWay makes it do so where some of what is in the way was found: all of it is to be told.
var errInTheWay = hastyError{errors.New("softdelete: a restore has found a part of what is in its way")}

// errTaken makes it do so where others have locked some of the rows: they are waited for in an order that restores share.
var errTaken = hastyError{errors.New("softdelete: others have locked rows of a restore")}

// within tells whether the span says which rows of a node the walk finds.
func (r *restoration) within(n *policy.Node) bool {
	return r.span != nil && n.Policy == r.root && len(n.In)+len(n.Inner) == 0
}

// spanned tells whether the span says which rows of a node come back.
func (r *restoration) spanned(n *policy.Node) bool { return r.within(n) && !r.holds }

// refused tells whether an index of the database refuses rows of a node that come back with a value of its own, so that nothing need
// ask each of them.
func (r *restoration) refused(n *policy.Node, index *policy.UniqueIndex, rules *ownRules) bool {
	return r.hasty && r.within(n) && index.Where == "" && slices.ContainsFunc(rules.all, func(rule dialect.Exclusive) bool {
		return rule.Strict && rule.Where == "" && rule.Plain() && dialect.SameSet(rule.Columns(), index.Columns())
	})
}

// once tells whether rows of a node that come back cannot share a value of an index, since that has their key: of a key that was
// archived several times one row comes back.
func (r *restoration) once(n *policy.Node, index *policy.UniqueIndex) bool {
	return r.deletion == "" && n.Policy == r.root && n.Policy.Archives() && len(n.In)+len(n.Inner) == 0 &&
		!slices.ContainsFunc(n.Policy.Schema.PrimaryFields, func(f *schema.Field) bool { return !slices.Contains(index.Fields, f) })
}
