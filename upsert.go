package softdelete

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// upsertKey is where an upsert that must not reach deleted rows stands in its statement's settings.
type upsertKey struct{}

// upsert is a create statement with ON CONFLICT … DO UPDATE. Its condition keeps it from deleted rows; where rows are
// missing from what it affected, checkUpsert says why. The keys are taken before the insert: what RETURNING gives for fewer
// rows than were sent, GORM puts into the first ones (scan.go:311, GORM 1.31).
type upsert struct {
	fields   []*schema.Field // the conflict target
	keys     [][]any         // of the rows that have all of them
	rows     int64
	snapshot snapshot
}

// newUpsert reads the rows of a create statement.
func newUpsert(stmt *gorm.Statement, fields []*schema.Field) *upsert {
	u := &upsert{fields: fields, snapshot: takeSnapshot(stmt.ReflectValue)}
	eachCreated(stmt, func(row created) {
		u.rows++
		key := make([]any, 0, len(fields))
		for _, field := range fields {
			value, ok := row.value(field)
			if !ok {
				return
			}
			key = append(key, value)
		}
		u.keys = append(u.keys, key)
	})
	return u
}

// onConflict gives the statement's ON CONFLICT clause.
func onConflict(stmt *gorm.Statement) (clause.OnConflict, bool) {
	c, ok := stmt.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	return c, ok
}

// prepareUpsert fits an upsert to the model's policy: the conflict target gets the predicate of the partial index that it
// means, and deleted rows are kept out of reach. An upsert of links in a many2many relation revives a deleted link.
func (e *engine) prepareUpsert(stmt *gorm.Statement, p *policy) {
	c, ok := onConflict(stmt)
	if _, marks := p.marker(); !ok || !marks {
		return
	}
	if len(c.TargetWhere.Exprs) == 0 && p.targetsPartialIndex(c.Columns) {
		c.TargetWhere = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: p.predicates.live.of("")}}}
	}
	switch {
	case stmt.Unscoped:
	case c.DoNothing && len(c.Columns) == 0 && savesLinks(stmt):
		c = p.revival(c, stmt)
	case !c.DoNothing:
		u := newUpsert(stmt, p.conflictFields(c.Columns))
		c.Where = clause.Where{Exprs: append([]clause.Expression{&filter{p.predicates.live}}, groupOf(c.Where.Exprs)...)}
		stmt.Settings.Store(upsertKey{}, u)
	}
	stmt.AddClause(c)
}

func groupOf(exprs []clause.Expression) []clause.Expression {
	if len(exprs) == 0 {
		return nil
	}
	return []clause.Expression{group(exprs)}
}

// targetsPartialIndex tells whether the columns are those of a unique index over live rows.
func (p *policy) targetsPartialIndex(columns []clause.Column) bool {
	return slices.ContainsFunc(p.unique, func(i *uniqueIndex) bool {
		return i.where == "" && len(i.fields) == len(columns) && !slices.ContainsFunc(columns, func(c clause.Column) bool {
			return !slices.ContainsFunc(i.fields, func(f *schema.Field) bool { return f.DBName == c.Name || f.Name == c.Name })
		})
	})
}

// conflictFields are the fields of a conflict target; without one GORM means the primary key.
func (p *policy) conflictFields(columns []clause.Column) []*schema.Field {
	if len(columns) == 0 {
		return p.schema.PrimaryFields
	}
	var fields []*schema.Field
	for _, column := range columns {
		if field := p.schema.LookUpField(column.Name); field != nil {
			fields = append(fields, field)
		}
	}
	return fields
}

// revival turns "add the link if it is not there" into one that also brings a deleted link back. The caller may have listed
// a linked row twice; a statement must not bring back one link twice.
func (p *policy) revival(c clause.OnConflict, stmt *gorm.Statement) clause.OnConflict {
	stmt.ReflectValue = distinctLinks(stmt)
	stmt.Dest = stmt.ReflectValue.Interface()
	c.DoNothing = false
	c.Columns = nil
	for _, field := range p.schema.PrimaryFields {
		c.Columns = append(c.Columns, clause.Column{Name: field.DBName})
	}
	for _, a := range p.restoreAssignments() {
		value := a.value
		if a.former != nil {
			value = clause.Expr{SQL: "?", Vars: []any{clause.Column{Table: stmt.Table, Name: a.former.DBName}}}
		}
		c.DoUpdates = append(c.DoUpdates, clause.Assignment{Column: clause.Column{Name: a.field.DBName}, Value: value})
	}
	c.Where = clause.Where{Exprs: []clause.Expression{&filter{p.predicates.deleted}}}
	return c
}

// checkUpsert runs after the insert: rows that it did not affect met a deleted row.
func (e *engine) checkUpsert(db *gorm.DB) {
	value, ok := db.Statement.Settings.LoadAndDelete(upsertKey{})
	if !ok || db.Error != nil || db.DryRun {
		return
	}
	u := value.(*upsert)
	if db.RowsAffected >= u.rows {
		return
	}
	p := e.policyFor(db)
	deleted, err := e.deletedAmong(db, p, u.fields, u.keys, true)
	if err != nil {
		_ = db.AddError(err)
		return
	}
	if len(deleted) > 0 {
		u.snapshot.restore()
		if spares(db.Statement) && int64(len(u.keys)) == u.rows {
			return // none of the rows is new; the live ones are saved
		}
		_ = db.AddError(rowDeletedError(p, deleted[0]))
	}
}

func rowDeletedError(p *policy, key string) error {
	return fmt.Errorf("%w: the row with key %s in table %s; restore it first, or write through Unscoped", ErrRowDeleted, key, p.schema.Table)
}

// saves tells whether an update statement is the first half of Save: all fields of a model by its own key. If it affects
// no row, Save goes on to insert; associations are not written in between under a row that is deleted.
func saves(stmt *gorm.Statement) bool {
	return len(stmt.Selects) == 1 && stmt.Selects[0] == "*" && stmt.Dest == stmt.Model && stmt.ReflectValue.Kind() == reflect.Struct
}

// checkSave runs after the update: a Save that affected no row met a deleted one, or none.
func (e *engine) checkSave(db *gorm.DB) {
	stmt := db.Statement
	if db.Error != nil || db.DryRun || db.RowsAffected != 0 || stmt.Schema == nil || stmt.Unscoped || !saves(stmt) {
		return
	}
	p := e.policyFor(db)
	if p == nil || !p.keepsDeleted() {
		return
	}
	u := newUpsert(stmt, p.schema.PrimaryFields)
	deleted, err := e.deletedAmong(db, p, u.fields, u.keys, true)
	if err == nil && len(deleted) > 0 {
		err = rowDeletedError(p, deleted[0])
	}
	_ = db.AddError(err)
}

// deletedAmong gives the primary keys of deleted rows that have one of the values; some of them, where that is enough.
func (e *engine) deletedAmong(db *gorm.DB, p *policy, fields []*schema.Field, values [][]any, some bool) (found []string, err error) {
	tx := inWork(db, db.Statement.Context)
	for start := 0; start < len(values) && len(fields) > 0; start += guardChunk {
		table, distinct := db.Statement.Table, ""
		if p.archives() {
			table, distinct = p.deletedTable(), "DISTINCT "
		}
		q := newQuery(tx, e.dialect).text("SELECT ", distinct).columns("", p.schema.PrimaryFields).text(" FROM ").name(table)
		q.text(" WHERE ").key("", fields).text(" IN (")
		joined(q, values[start:min(start+guardChunk, len(values))], ", ", func(key []any) { q.tuple(key) })
		q.text(")")
		writeAnd(q, p.predicates.deleted, "")
		if p.archives() {
			q.text(" AND ").key("", p.schema.PrimaryFields).text(" NOT IN (SELECT ").columns("", p.schema.PrimaryFields)
			q.text(" FROM ").name(p.schema.Table).text(")")
		}
		if some {
			q.text(" LIMIT ", fmt.Sprint(mostKeys))
		}
		keys, err := q.keys(p.schema.PrimaryFields)
		found = append(found, keys...)
		if err != nil || some && len(found) > 0 {
			return found, err
		}
	}
	return found, nil
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

// beginLinks marks the statements that save associations, for models with many2many relations.
func (e *engine) beginLinks(db *gorm.DB) {
	p := e.policyFor(db)
	if p != nil && p.linked {
		db.Statement.Context = linkingContext{db.Statement.Context, p.schema}
	}
}

// endLinks ends that. A context that stands around the mark, as a statement inside has it, is covered.
func (e *engine) endLinks(db *gorm.DB) {
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
// with a key of their own are not brought back: a unique index over live rows lets a new one in beside the deleted one.
func savesLinks(stmt *gorm.Statement) bool {
	owner, ok := stmt.Context.Value(linkingKey{}).(*schema.Schema)
	if !ok || owner == nil {
		return false
	}
	return slices.ContainsFunc(owner.Relationships.Many2Many, func(rel *schema.Relationship) bool {
		return rel.JoinTable.ModelType == stmt.Schema.ModelType && !slices.ContainsFunc(stmt.Schema.PrimaryFields, func(f *schema.Field) bool {
			return !slices.ContainsFunc(rel.References, func(ref *schema.Reference) bool { return ref.ForeignKey.DBName == f.DBName })
		})
	})
}

// distinctLinks gives the links that a statement saves, each once.
func distinctLinks(stmt *gorm.Statement) reflect.Value {
	links := stmt.ReflectValue
	distinct := reflect.MakeSlice(links.Type(), 0, links.Len())
	seen := map[string]bool{}
	for i := range links.Len() {
		link := created{ctx: stmt.Context, model: reflect.Indirect(links.Index(i))}
		key := make([]any, len(stmt.Schema.PrimaryFields))
		for i, field := range stmt.Schema.PrimaryFields {
			key[i], _ = link.value(field)
		}
		if text := fmt.Sprintf("%#v", key); !seen[text] {
			seen[text] = true
			distinct = reflect.Append(distinct, links.Index(i))
		}
	}
	return distinct
}
