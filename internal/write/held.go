package write

import (
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// A hold covers the rows under the held one. What stands here keeps writes from taking such a row out of there, by a key that
// becomes NULL or another parent's: what is no longer under the held row could be destroyed.

// watchKey is where a watch stands in the settings of its statement.
type watchKey struct{}

// watch is what holds cover before a statement, until it is through.
type watch struct {
	*hold.Watch
	stmt *gorm.Statement
}

// WatchUpdate notes what holds cover of the rows that an update is about to tie to others.
func (g *Guards) WatchUpdate(db *gorm.DB) {
	if db.Error != nil || db.DryRun || !g.heeds(db) {
		return
	}
	stmt := db.Statement
	written := assignmentsOf(stmt)
	assigned := func(field *schema.Field) bool {
		if field.PrimaryKey && written.columns == nil && samePointer(stmt.Dest, stmt.Model) { // GORM leaves the key of a model alone
			return false
		}
		_, ok := written.to(field)
		return ok
	}
	g.watch(db, assigned, func(q *statement.Query, p *policy.Policy, named statement.Table) {
		q.Text("SELECT ").Columns(named.Qualifier(), p.Schema.PrimaryFields).Text(" FROM ").Table(named).Text(" WHERE ")
		updateCondition(q, stmt)
	})
}

// samePointer tells whether two values are one pointer.
func samePointer(a, b any) bool {
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	return v.Kind() == reflect.Pointer && w.Kind() == reflect.Pointer && v.Pointer() == w.Pointer()
}

// WatchUpsert does the same for the rows that an upsert may meet.
func (g *Guards) WatchUpsert(db *gorm.DB) {
	stmt := db.Statement
	c, upserts := onConflict(stmt)
	if db.Error != nil || db.DryRun || !upserts || c.DoNothing || !g.heeds(db) {
		return
	}
	set := assignedBy(c)
	assigned := func(field *schema.Field) bool {
		return c.UpdateAll && !field.PrimaryKey || slices.ContainsFunc(set, func(a clause.Assignment) bool {
			return columnOf(stmt.Schema, a.Column.Name) == field.DBName
		})
	}
	g.watch(db, assigned, func(q *statement.Query, p *policy.Policy, named statement.Table) {
		q.Text("SELECT ").Columns(named.Qualifier(), p.Schema.PrimaryFields).Text(" FROM ").Table(named)
		fields := p.Schema.PrimaryFields
		if alone, _ := byKeyAmong(p, mayMeet(p, c)); !alone {
			return // any row may be met
		}
		var keys [][]any
		for _, given := range keysGiven(rowkey.Of(g.Dialect, fields), stmt, p.Schema) {
			keys = append(keys, given.Key)
		}
		if q.Text(" WHERE "); len(keys) == 0 {
			q.Text("1 = 0")
			return
		}
		q.KeyAmong(named, fields, keys)
	})
}

// heeds tells whether there may be holds.
func (g *Guards) heeds(db *gorm.DB) bool {
	if g.Holds.Found() {
		return true
	}
	p := g.PolicyFor(db)
	if p == nil || !g.Holds.MayBeThere() {
		return false
	}
	tx := g.Session(db).InWork(db.Statement.Context)
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return false // the write will say what is wrong with the table
	}
	there, err := g.Holds.There(tx)
	_ = db.AddError(err)
	return there
}

// watch begins to watch where a statement assigns columns that tie rows to others, and holds cover rows of its table. rows selects
// the keys of those that it may reach.
func (g *Guards) watch(db *gorm.DB, assigned func(*schema.Field) bool, rows func(*statement.Query, *policy.Policy, statement.Table)) {
	if err := g.beginWatch(db, assigned, rows); err != nil {
		_ = db.AddError(err)
	}
}

func (g *Guards) beginWatch(db *gorm.DB, assigned func(*schema.Field) bool, rows func(*statement.Query, *policy.Policy, statement.Table)) error {
	stmt := db.Statement
	p := g.PolicyFor(db)
	if p == nil || !slices.ContainsFunc(g.tyingOf(db, p), assigned) {
		return nil
	}
	if err := g.Recognize(db, p, true); err != nil {
		return err
	}
	p, named, ok := g.Here(stmt, p)
	if !ok || p != p.Own() { // holds are on rows of the models' own tables
		return nil
	}
	tx := g.Session(db).InWork(stmt.Context)
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return err
	}
	// A hold that is placed after this look covers what is under its row then: this write came before it.
	h, err := g.Holds.InForce(tx)
	if err != nil {
		return err
	}
	itself, under := h.Moves(p, assigned)
	if !itself && !under {
		return nil
	}
	if err := statement.EnsureWork(db); err != nil {
		return err
	}
	tx = g.Session(db).InWork(stmt.Context)
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return err
	}
	if err := h.Share(tx); err != nil {
		return err
	}
	if itself, under = h.Moves(p, assigned); !itself && !under {
		return nil
	}
	noted, err := h.Watch(tx, p, under, func(q *statement.Query) { rows(q, p, named) })
	if err == nil {
		stmt.Settings.Store(watchKey{}, &watch{noted, stmt})
	}
	return err
}

// RefuseUnlinking runs once the rows are written: it refuses where a hold covers one no more.
func (g *Guards) RefuseUnlinking(db *gorm.DB) {
	value, ok := db.Statement.Settings.Load(watchKey{})
	if !ok || value.(*watch).stmt != db.Statement {
		return
	}
	db.Statement.Settings.Delete(watchKey{})
	if db.Error == nil {
		_ = db.AddError(value.(*watch).Refuse(g.Session(db).InWork(db.Statement.Context)))
	}
}

// tyingColumns are, by table, the columns that tie rows to others.
type tyingColumns struct {
	generation int64
	columns    map[string][]*schema.Field
}

// tyingOf gives the columns of a model that tie its rows to others, or others to them: its primary key, and the keys of all
// relations to it and from it.
func (g *Guards) tyingOf(db *gorm.DB, p *policy.Policy) []*schema.Field {
	generation := g.Generation()
	if tying := g.tying.Load(); tying != nil && tying.generation == generation {
		return tying.columns[p.Own().Table]
	}
	tying := &tyingColumns{generation: generation, columns: map[string][]*schema.Field{}}
	add := func(p *policy.Policy, field *schema.Field) {
		if table := p.Own().Table; !slices.ContainsFunc(tying.columns[table], func(other *schema.Field) bool { return other.DBName == field.DBName }) {
			tying.columns[table] = append(tying.columns[table], field)
		}
	}
	for _, owner := range g.Known(db) {
		for _, r := range owner.Has {
			for _, key := range r.Keys {
				add(r.Parent, key.Parent)
				add(r.Child, key.Child)
			}
			for _, fixed := range r.Fixed {
				add(r.Child, fixed.Child)
			}
		}
		for _, field := range owner.Schema.PrimaryFields {
			add(owner, field)
		}
	}
	g.tying.Store(tying)
	return tying.columns[p.Own().Table]
}
