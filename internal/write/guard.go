package write

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// GuardCreate refuses rows that would be created live under a deleted parent. The parents are locked until the transaction
// ends, so that none of them is deleted meanwhile.
func (g *Guards) GuardCreate(db *gorm.DB, p *policy.Policy) error {
	for _, r := range p.Guards {
		deleted, err := g.deletedParents(db, r, parentsOf(g.Dialect, db.Statement, r, func(row created) bool { return row.deleted(p) }))
		if err != nil {
			return err
		}
		if len(deleted) == 0 {
			continue
		}
		// Before it refuses, the table says which rows are deleted.
		here := g.deletedHere(db, p)
		deleted, err = g.deletedParents(db, r, parentsOf(g.Dialect, db.Statement, r, func(row created) bool { return here.tells(row) }))
		switch {
		case here.err != nil || err != nil:
			return cmp.Or(here.err, err)
		case len(deleted) > 0:
			return parentError(r, rowkey.KeyText(deleted[0]))
		}
	}
	return nil
}

// parentsOf are the keys of parents that a create statement puts rows under, those apart that it creates as deleted ones.
func parentsOf(d *dialect.Dialect, stmt *gorm.Statement, r *policy.Relation, deleted func(created) bool) (keys [][]any) {
	add := func(key []any, ok bool) {
		if ok {
			keys = append(keys, key)
		}
	}
	eachCreated(stmt, func(row created) {
		if !deleted(row) {
			add(row.key(r))
		}
	})
	add(conflictKey(stmt, r))
	return guardedKey(d, r).Once(keys)
}

// guardedKey is the columns of a relation's key in its child.
func guardedKey(d *dialect.Dialect, r *policy.Relation) rowkey.Key {
	fields := make([]*schema.Field, len(r.Keys))
	for i, key := range r.Keys {
		fields[i] = key.Child
	}
	return rowkey.Of(d, fields)
}

// conflictKey is the key that an upsert assigns to the rows it meets, by values of its own; what it takes from the rows it
// inserts is theirs. It counts whether a row is met or not, since that shows only in the insert itself.
func conflictKey(stmt *gorm.Statement, r *policy.Relation) (key []any, ok bool) {
	c, ok := onConflict(stmt)
	if !ok || c.DoNothing {
		return nil, false
	}
	set := assignedBy(c)
	for _, pair := range r.Keys {
		i := slices.IndexFunc(set, func(a clause.Assignment) bool { return a.Column.Name == pair.Child.DBName })
		if i < 0 || computed(set[i].Value) {
			return nil, false
		}
		if _, column := set[i].Value.(clause.Column); column {
			return nil, false
		}
		value, ok := rowkey.PlainValue(set[i].Value)
		if !ok {
			return nil, false
		}
		key = append(key, value)
	}
	return key, true
}

func parentError(r *policy.Relation, key string) error {
	return fault.UnderDeleted(r.Parent.Table, r.Name, key,
		"%s.%s: the row with key %s in table %s is deleted; restore it first, or point the row to a live one", r.Child.Schema.Name, r.Name, key, r.Parent.Table)
}

// deletedParents lists the keys that belong to deleted parents, and locks the live ones.
func (g *Guards) deletedParents(db *gorm.DB, r *policy.Relation, keys [][]any) (deleted [][]any, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	tx := g.Session(db).InWork(db.Statement.Context)
	if err := tx.LockWriter(r.Parent.Table, r.Parent.Schema.PrimaryFields); err != nil {
		return nil, err
	}
	table := r.Parent.Table
	fields := make([]*schema.Field, len(r.Keys))
	for i, key := range r.Keys {
		fields[i] = key.Parent
	}
	for chunk := range slices.Chunk(keys, statement.ChunkSize) {
		gone := "1 = 0" // no row that is in the table of a model with an archive
		if deleted := r.Parent.Predicates.Deleted; deleted != nil {
			gone = deleted.Of(statement.QuoteName(tx.DB, table))
		}
		q := tx.Query().Text("SELECT CASE WHEN ", gone, " THEN 1 ELSE 0 END, ")
		q.Columns(table, fields).Text(" FROM ").Name(table).Text(" WHERE ")
		q.KeyAmong(statement.Table{Name: table}, fields, chunk)
		q.Text(" ORDER BY ").Columns(table, r.Parent.Schema.PrimaryFields)
		q.Lock(dialect.ShareLock)
		err := q.Rows(func(scan func(...any) error) error {
			var gone int
			targets, values := statement.ScanTargets(len(fields))
			if err := scan(append([]any{&gone}, targets...)...); err != nil {
				return err
			}
			if gone == 1 {
				deleted = append(deleted, values())
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, t := range r.Parent.Elsewhere() {
			archived, err := g.archivedParents(tx, r, t, fields, chunk)
			if err != nil {
				return nil, err
			}
			deleted = append(deleted, archived...)
		}
	}
	return deleted, nil
}

// archivedParents lists the keys that belong to archived parents. The live ones are locked already.
func (g *Guards) archivedParents(tx statement.Session, r *policy.Relation, t policy.Place, fields []*schema.Field, keys [][]any) ([][]any, error) {
	if missing, err := g.Columns.Missing(tx, r.Parent); err != nil || missing {
		return nil, err
	}
	q := tx.Query().Text("SELECT ").Columns("softdelete_guard", fields).Text(" FROM ").Name(t.Table())
	q.Text(" AS softdelete_guard WHERE ")
	q.KeyAmong(statement.Table{Name: t.Table(), Alias: "softdelete_guard"}, fields, keys)
	return walk.AndArchived(q, r, "softdelete_guard").KeyValues(len(fields))
}

// GuardUpdate refuses an update that points live rows to a deleted parent, or that makes deleted ones live there. Live rows that stay
// where they are may be updated, even under a deleted parent.
func (g *Guards) GuardUpdate(db *gorm.DB, p *policy.Policy) error {
	enlivens, state := enlivens(db.Statement, p)
	for _, r := range p.Guards {
		assigned, values := assignedKey(db.Statement, r)
		if enlivens && values != nil {
			parent, err := g.underDeleted(db, p, r, values, true)
			if err == nil && parent != nil { // before it refuses, the table says whether that is a state of deleted rows
				enlivens, err = g.livesHere(db, p, state)
			}
			if err != nil {
				return err
			} else if enlivens && parent != nil {
				return parentError(r, rowkey.KeyText(parent))
			}
		}
		if !assigned {
			continue
		}
		known := !slices.ContainsFunc(values, computed)
		if known {
			// Locked whether a row fulfils the conditions or not: one may begin to, before the update looks.
			if deleted, err := g.deletedParents(db, r, [][]any{values}); err != nil {
				return err
			} else if len(deleted) == 0 {
				continue
			}
		}
		moving, err := g.underDeleted(db, p, r, values, false)
		if err != nil {
			return err
		}
		if moving != nil {
			return parentError(r, rowkey.KeyText(moving))
		}
		if known {
			g.stayUnder(db, r, values)
		}
	}
	return nil
}

// computed tells whether what an update writes to a column is not known before: an expression, or nil for the column's own
// value.
func computed(value any) bool {
	switch value.(type) {
	case nil, clause.Expression, gorm.Valuer, *gorm.DB:
		return true
	}
	return false
}

// stayUnder narrows an update to the rows that stand under the parent with the key already. The parent is deleted and no
// other live row fulfilled the conditions; a row that is restored meanwhile, or begins to fulfil them, must not move there.
func (g *Guards) stayUnder(db *gorm.DB, r *policy.Relation, values []any) {
	stmt := db.Statement
	if !updateHasConditions(g.Dialect, stmt) {
		return // GORM refuses it, and must not take this one for the caller's
	}
	exprs := make([]clause.Expression, len(r.Keys))
	for i, key := range r.Keys {
		exprs[i] = clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: key.Child.DBName}, Value: values[i]}
	}
	scope.GroupAlternatives(stmt)
	stmt.AddClause(clause.Where{Exprs: exprs})
}

// enlivens tells whether an update reaches deleted rows and writes that they are live, and by which value, nil for none. What an expression
// gives only the database knows; NULL is one.
func enlivens(stmt *gorm.Statement, p *policy.Policy) (does bool, state any) {
	if !stmt.Unscoped || p.Column() == nil {
		return false, nil
	}
	value, ok := assignmentsOf(stmt).to(p.Column())
	if e, is := value.(clause.Expr); is && strings.EqualFold(strings.TrimSpace(e.SQL), "NULL") {
		value = nil
	}
	if !ok || value != nil && computed(value) {
		return false, nil
	}
	value, set := rowkey.PlainValue(value)
	if !set {
		return true, nil
	}
	return !p.Deletes(value), value
}

// assignedKey gives what an update writes to the key of a relation, a nil for each column that it leaves. assigned is false
// where it leaves all of them or writes NULL; then there are no values.
func assignedKey(stmt *gorm.Statement, r *policy.Relation) (assigned bool, values []any) {
	written := assignmentsOf(stmt)
	values = make([]any, len(r.Keys))
	for i, pair := range r.Keys {
		value, ok := written.to(pair.Child)
		if !ok {
			continue
		}
		if !computed(value) {
			if value, ok = rowkey.PlainValue(value); !ok {
				return false, nil
			}
		} else if value == nil {
			return false, nil
		}
		values[i] = value
		assigned = true
	}
	return assigned, values
}

// underDeleted gives the key of a deleted parent that a live row would stand under after the update, and does not yet; nil where there is
// none. revived asks for those of the rows that are deleted now.
func (g *Guards) underDeleted(db *gorm.DB, p *policy.Policy, r *policy.Relation, values []any, revived bool) ([]any, error) {
	rows := p.Predicates.Live
	if revived {
		rows = p.Predicates.Deleted
	}
	tx := g.Session(db).InWork(db.Statement.Context)
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return nil, err
	}
	parents := make([]*schema.Field, len(r.Keys))
	for i, key := range r.Keys {
		parents[i] = key.Parent
	}
	named := g.TableOf(db.Statement, p)
	target := named.Qualifier()
	from := func(q *statement.Query, table string, further func()) {
		q.Text(" FROM ").Name(table).Text(" AS softdelete_guard WHERE EXISTS (SELECT 1 FROM ").Table(named).Text(" WHERE ")
		updateCondition(q, db.Statement)
		statement.WriteAnd(q, rows, target)
		for i, key := range r.Keys {
			q.Text(" AND ").Column("softdelete_guard", key.Parent.DBName).Text(" = ")
			if values[i] == nil {
				q.Column(target, key.Child.DBName)
			} else {
				q.Text("(").Bind(values[i]).Text(")")
			}
		}
		further()
		q.Text(")")
	}
	q := tx.Query()
	if err := q.LockRows(dialect.ShareLock, func() { from(q.Text("SELECT 1"), r.Parent.Table, func() {}) }); err != nil {
		return nil, err
	}
	if missing, err := g.Columns.Missing(tx, r.Parent); err != nil || missing {
		return nil, err
	}
	q = tx.Query().Text("SELECT ").Columns("softdelete_guard", parents)
	from(q, r.Parent.DeletedTable(), func() {
		if revived {
			return
		}
		q.Text(" AND CASE WHEN ")
		statement.Joined(q, r.Keys, " AND ", func(key policy.KeyPair) {
			q.Column(target, key.Child.DBName).Text(" = ").Column("softdelete_guard", key.Parent.DBName)
		})
		q.Text(" THEN 0 ELSE 1 END = 1")
	})
	walk.AndArchived(q, r, "softdelete_guard")
	statement.WriteAnd(q, r.Parent.Predicates.Deleted, "softdelete_guard")
	if revived && r.Parent.Table == p.Table { // the parent may be among those that the update makes live
		q.Text(" AND ").Key("softdelete_guard", p.Schema.PrimaryFields).Text(" NOT IN (SELECT ").Columns(target, p.Schema.PrimaryFields)
		updateCondition(q.Text(" FROM ").Table(named).Text(" WHERE "), db.Statement)
		q.Text(")")
	}
	q.Text(" LIMIT 1")
	keys, err := q.KeyValues(len(parents))
	if len(keys) == 0 {
		return nil, err
	}
	return keys[0], err
}

// updateCondition writes the conditions of an update statement, with the keys of its value, as GORM will
// (callbacks/update.go:165, GORM 1.31).
func updateCondition(q *statement.Query, stmt *gorm.Statement) {
	q.Stmt.Table, q.Stmt.Schema = stmt.Table, stmt.Schema
	q.Text("1 = 1")
	if where, ok := stmt.Clauses["WHERE"].Expression.(clause.Where); ok && len(where.Exprs) > 0 {
		q.Text(" AND ").Expression(scope.Group(where.Exprs))
	}
	if keys := updatedKeys(q.Dialect, stmt); keys != nil {
		q.Text(" AND ").Expression(keys)
	}
}

// updatedKeys is the condition on the keys of an update's value; nil where it has none.
func updatedKeys(d *dialect.Dialect, stmt *gorm.Statement) clause.Expression {
	for _, value := range []reflect.Value{reflect.Indirect(reflect.ValueOf(stmt.Model)), reflect.Indirect(reflect.ValueOf(stmt.Dest))} {
		if !value.IsValid() || value.Kind() == reflect.Struct && value.Type() != stmt.Schema.ModelType || value.Kind() == reflect.Map {
			continue
		}
		keys := rowkey.InModels(stmt.Context, value, stmt.Schema.PrimaryFields)
		if len(keys) == 0 {
			continue
		}
		if table, ok := statement.TableOf(stmt, d); ok {
			return table.KeysIn(d, stmt.Schema, keys)
		}
		column, in := schema.ToQueryValues(stmt.Table, stmt.Schema.PrimaryFieldDBNames, keys)
		return clause.IN{Column: column, Values: in}
	}
	return nil
}

// updateHasConditions tells whether an update has what GORM asks of it: conditions, or leave to change all rows.
func updateHasConditions(d *dialect.Dialect, stmt *gorm.Statement) bool {
	where, _ := stmt.Clauses["WHERE"].Expression.(clause.Where)
	return len(where.Exprs) > 0 || stmt.DB.AllowGlobalUpdate || updatedKeys(d, stmt) != nil
}
