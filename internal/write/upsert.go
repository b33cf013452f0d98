package write

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// upsertKey is where an upsert that must not reach deleted rows stands in its statement's settings.
type upsertKey struct{}

// upsert is a create statement with ON CONFLICT … DO UPDATE. Its condition keeps it from deleted rows; where rows are
// missing from what it affected, or it is refused for one, CheckUpsert says why. The keys are taken before the insert: what RETURNING gives for fewer
// rows than were sent, GORM puts into the first ones (scan.go:311, GORM 1.31).
type upsert struct {
	policy   *policy.Policy
	meetings []meeting
	rows     int64
	snapshot statement.Snapshot
}

// newUpsert reads the rows of a create statement.
func newUpsert(stmt *gorm.Statement, p *policy.Policy, c clause.OnConflict) *upsert {
	u := &upsert{policy: p, meetings: meetings(stmt, p, c), snapshot: statement.TakeSnapshot(stmt.ReflectValue)}
	eachCreated(stmt, func(created) { u.rows++ })
	return u
}

// onConflict gives the statement's ON CONFLICT clause.
func onConflict(stmt *gorm.Statement) (clause.OnConflict, bool) {
	c, ok := stmt.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	return c, ok
}

// PrepareUpsert fits an upsert to the model's policy: the conflict target gets the predicate of the partial index that it
// means, and deleted rows are kept out of reach. An upsert of links in a many2many relation revives a deleted link.
func (g *Guards) PrepareUpsert(stmt *gorm.Statement, p *policy.Policy) {
	c, ok := onConflict(stmt)
	if !ok || p.Column() == nil {
		return
	}
	c = aimed(c, stmt, p)
	switch {
	case stmt.Unscoped:
	case revives(stmt, p, c):
		c = g.revival(p, c, stmt)
	case !c.DoNothing:
		u := newUpsert(stmt, p, c)
		c = u.onLive(stmt, p, c)
		stmt.Settings.Store(upsertKey{}, u)
	}
	stmt.AddClause(c)
}

// onLive keeps the upsert from deleted rows.
func (u *upsert) onLive(stmt *gorm.Statement, p *policy.Policy, c clause.OnConflict) clause.OnConflict {
	switch {
	case p.Dialect().Has(dialect.ConflictTargets):
		c.Where = clause.Where{Exprs: append([]clause.Expression{&scope.Filter{Predicate: p.Predicates.Live}}, groupOf(c.Where.Exprs)...)}
		return c
	case spares(stmt) && len(keysOf(stmt, byKey(p, nil).UniqueIndex)) == int(u.rows): // none of the rows is new
		return sparing(p, c, p.Predicates.Live)
	}
	return refusing(stmt, p, c)
}

func groupOf(exprs []clause.Expression) []clause.Expression {
	if len(exprs) == 0 {
		return nil
	}
	return []clause.Expression{scope.Group(exprs)}
}

// revives tells whether an upsert brings deleted links back.
func revives(stmt *gorm.Statement, p *policy.Policy, c clause.OnConflict) bool {
	return p.Column() != nil && !stmt.Unscoped && c.DoNothing && len(c.Columns) == 0 && savesLinks(stmt)
}

// revival turns "add the link if it is not there" into one that also brings a deleted link back. The caller may have listed
// a linked row twice; a statement must not bring back one link twice.
func (g *Guards) revival(p *policy.Policy, c clause.OnConflict, stmt *gorm.Statement) clause.OnConflict {
	stmt.ReflectValue = g.distinctLinks(stmt, p)
	stmt.Dest = stmt.ReflectValue.Interface()
	c.DoNothing = false
	c.Columns = nil
	for _, field := range p.Schema.PrimaryFields {
		c.Columns = append(c.Columns, clause.Column{Name: field.DBName})
	}
	for _, field := range p.Schema.Fields { // the link is the new one, which says that it is live
		if field.DBName != "" && !field.PrimaryKey && field.Creatable {
			value := clause.Column{Table: "excluded", Name: field.DBName}
			c.DoUpdates = append(c.DoUpdates, clause.Assignment{Column: clause.Column{Name: field.DBName}, Value: value})
		}
	}
	if !p.Dialect().Has(dialect.ConflictTargets) {
		return sparing(p, c, p.Predicates.Deleted)
	}
	c.Where = clause.Where{Exprs: []clause.Expression{&scope.Filter{Predicate: p.Predicates.Deleted}}}
	return c
}

// CheckUpsert runs after the insert: rows that it did not affect met a deleted row.
func (g *Guards) CheckUpsert(db *gorm.DB) {
	value, ok := db.Statement.Settings.LoadAndDelete(upsertKey{})
	if !ok || db.DryRun {
		return
	}
	u := value.(*upsert)
	if !g.Dialect.Has(dialect.ConflictTargets) {
		g.explainRefused(db, u)
		return
	}
	if db.Error != nil || db.RowsAffected >= u.rows {
		return
	}
	p := u.policy
	for _, m := range u.meetings {
		deleted, err := g.deletedAmong(db, p, m, true)
		if err != nil {
			_ = db.AddError(err)
			return
		}
		if len(deleted) > 0 {
			u.snapshot.Restore()
			if spares(db.Statement) && int64(len(m.keys)) == u.rows {
				return // none of the rows is new; the live ones are saved
			}
			_ = db.AddError(rowDeletedError(p, deleted[0]))
			return
		}
	}
}

// explainRefused says which deleted row an upsert has failed for.
func (g *Guards) explainRefused(db *gorm.DB, u *upsert) {
	if !g.Dialect.Refused(db.Error) {
		return
	}
	u.snapshot.Restore()
	for _, m := range u.meetings {
		deleted, err := g.deletedAmong(db, u.policy, m, true)
		if err != nil {
			_ = db.AddError(err)
			return
		}
		if len(deleted) > 0 {
			db.Error = rowDeletedError(u.policy, deleted[0])
			return
		}
	}
	db.Error = fmt.Errorf("%w: a row in table %s has a unique value of the new one; restore it first, or write through Unscoped", fault.ErrRowDeleted, u.policy.Table)
}

func rowDeletedError(p *policy.Policy, key []any) error {
	return fmt.Errorf("%w: the row with key %s in table %s; restore it first, or write through Unscoped", fault.ErrRowDeleted, rowkey.KeyText(key), p.Table)
}

// byKey is the meeting of rows with those keys.
func byKey(p *policy.Policy, keys [][]any) meeting {
	return meeting{&policy.UniqueIndex{Name: policy.PrimaryKey, Fields: p.Schema.PrimaryFields}, keys}
}

// deletedAmong gives the primary keys of deleted rows that some rows meet; some of them, where that is enough.
func (g *Guards) deletedAmong(db *gorm.DB, p *policy.Policy, m meeting, some bool) (found [][]any, err error) {
	tx := g.Session(db).InWork(db.Statement.Context)
	if missing, err := g.Columns.Missing(tx, p); err != nil || missing {
		return nil, err
	}
	if len(m.Fields) == 0 {
		return nil, nil
	}
	table, distinct := p.DeletedTable(), ""
	unused := p.DeletedPlace().Unused(statement.QuoteName(tx.DB, table), func(name string) string { return statement.QuoteName(tx.DB, name) })
	if unused != "" {
		distinct, unused = "DISTINCT ", " AND "+unused
	}
	err = m.chunks(func(chunk [][]any) error {
		if some && len(found) > 0 {
			return nil
		}
		q := tx.Query().Text("SELECT ", distinct).Columns("", p.Schema.PrimaryFields).Text(" FROM ").Name(table).Text(" WHERE ")
		m.among(q, p, table, chunk)
		statement.WriteAnd(q, p.Predicates.Deleted, "")
		m.alone(q, p, chunk)
		q.Text(unused)
		if some {
			q.Text(" LIMIT ", fmt.Sprint(statement.MostKeys))
		}
		keys, err := q.KeyValues(len(p.Schema.PrimaryFields))
		found = append(found, keys...)
		return err
	})
	return found, err
}

// linkingKey is where, in the context, the schema of the model stands whose associations GORM is saving.
type linkingKey struct{}

// linkingContext is a context with that schema.
type linkingContext struct {
	context.Context
	owner *schema.Schema
}

// Value implements context.Context.
func (c linkingContext) Value(key any) any {
	if key == (linkingKey{}) {
		return c.owner
	}
	return c.Context.Value(key)
}

// BeginLinks marks the statements that save associations, for models with many2many relations.
func (g *Guards) BeginLinks(db *gorm.DB) {
	p := g.PolicyHere(db)
	if p != nil && p.Linked {
		db.Statement.Context = linkingContext{db.Statement.Context, p.Schema}
	}
}

// EndLinks ends that. A context that stands around the mark, as a statement inside has it, is covered.
func EndLinks(db *gorm.DB) {
	for {
		marked, ok := db.Statement.Context.(linkingContext)
		if !ok {
			break
		}
		db.Statement.Context = marked.Context
	}
	if owner, ok := db.Statement.Context.Value(linkingKey{}).(*schema.Schema); ok && owner != nil {
		db.Statement.Context = context.WithValue(db.Statement.Context, linkingKey{}, (*schema.Schema)(nil))
	}
}

// savesLinks tells whether GORM made the statement to save the links of a model, whose columns are their primary key. Links
// with a key of their own are not brought back: a unique index over live rows lets a new one in beside the deleted one. Nor are
// links without a key, which nothing finds.
func savesLinks(stmt *gorm.Statement) bool {
	owner, ok := stmt.Context.Value(linkingKey{}).(*schema.Schema)
	if !ok || owner == nil || len(stmt.Schema.PrimaryFields) == 0 {
		return false
	}
	return slices.ContainsFunc(owner.Relationships.Many2Many, func(rel *schema.Relationship) bool {
		return rel.JoinTable.ModelType == stmt.Schema.ModelType && !slices.ContainsFunc(stmt.Schema.PrimaryFields, func(f *schema.Field) bool {
			return !slices.ContainsFunc(rel.References, func(ref *schema.Reference) bool { return ref.ForeignKey.DBName == f.DBName })
		})
	})
}

// distinctLinks gives the links that a statement saves, each once.
func (g *Guards) distinctLinks(stmt *gorm.Statement, p *policy.Policy) reflect.Value {
	links, fields := stmt.ReflectValue, stmt.Schema.PrimaryFields
	keys := make([][]any, links.Len())
	for i := range keys {
		link := created{ctx: stmt.Context, model: reflect.Indirect(links.Index(i))}
		for _, field := range fields {
			value, _ := link.value(field)
			keys[i] = append(keys[i], value)
		}
	}
	texts, err := g.Folding.Texts(g.Session(stmt.DB).InWork(stmt.Context), p.Table, fields, keys)
	if err != nil {
		_ = stmt.AddError(err)
		return links
	}
	distinct, seen := reflect.MakeSlice(links.Type(), 0, links.Len()), map[string]bool{}
	for i, text := range texts {
		if !seen[text] {
			seen[text] = true
			distinct = reflect.Append(distinct, links.Index(i))
		}
	}
	return distinct
}
