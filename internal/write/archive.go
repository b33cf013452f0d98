package write

import (
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// KeepArchivedKeys keeps an upsert from creating a row anew whose key was archived: it means the row that is gone. One that
// would change the row is refused, one that does nothing, or that nobody asked for, leaves it out. A plain Create may use the key again, and a link of
// a many2many relation that is added again is a new one.
func (g *Guards) KeepArchivedKeys(db *gorm.DB, p *policy.Policy) error {
	stmt := db.Statement
	c, upserts := onConflict(stmt)
	if !upserts || p.Elsewhere() == nil || stmt.Unscoped || db.DryRun || savesLinks(stmt) {
		return nil
	}
	if _, met := byKeyAmong(p, meets(p, c)); !met {
		return nil
	}
	var keys [][]any
	eachCreated(stmt, func(row created) {
		if key, ok := row.primaryKey(p); ok {
			keys = append(keys, key)
		}
	})
	tx := g.Session(db).InWork(stmt.Context)
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return err
	}
	leaves := c.DoNothing || spares(stmt) // an update's own upsert of what its value has loaded
	lock := dialect.MarkLock
	if leaves {
		lock = dialect.ShareLock
	}
	// A live row must not be archived between the look and the insert, which would then create it anew.
	if err := lockKeys(tx, p, keys, lock); err != nil {
		return err
	}
	archived, err := g.deletedAmong(db, p, byKey(p, keys), !leaves)
	if err != nil || len(archived) == 0 {
		return err
	}
	if !leaves {
		return rowDeletedError(p, archived[0])
	}
	texts, err := g.Folding.Texts(tx, p.Table, p.Schema.PrimaryFields, slices.Concat(archived, keys))
	if err != nil {
		return err
	}
	gone, met := map[string]bool{}, map[string]bool{}
	for _, text := range texts[:len(archived)] {
		gone[text] = true
	}
	given := texts[len(archived):] // in the order of the rows that have a key
	left := leaveOut(stmt, func(row created) bool {
		if _, ok := row.primaryKey(p); !ok {
			return false
		}
		text := given[0]
		given = given[1:]
		met[text] = met[text] || gone[text]
		return gone[text]
	})
	if slices.ContainsFunc(texts[:len(archived)], func(text string) bool { return !met[text] }) {
		return rowDeletedError(p, archived[0]) // a key that the database writes otherwise
	}
	if left == 0 {
		q := tx.Query().Text("INSERT INTO ").Name(p.Table).Text(" (").Columns("", p.Schema.PrimaryFields).Text(") SELECT ")
		q.Columns("", p.Schema.PrimaryFields).Text(" FROM ").Name(p.Table).Text(" WHERE 1 = 0")
		stmt.SQL.WriteString(q.Stmt.SQL.String())
	}
	return nil
}

// primaryKey is the row's key; ok is false where it has none yet.
func (c created) primaryKey(p *policy.Policy) (key []any, ok bool) {
	for _, field := range p.Schema.PrimaryFields {
		value, ok := c.value(field)
		if !ok {
			return nil, false
		}
		key = append(key, value)
	}
	return key, true
}

// lockKeys locks the live rows that have one of the keys, where the database has row locks.
func lockKeys(tx statement.Session, p *policy.Policy, keys [][]any, lock dialect.Lock) error {
	fields := p.Schema.PrimaryFields
	for chunk := range slices.Chunk(keys, statement.ChunkSize) {
		q := tx.Query()
		err := q.LockRows(lock, func() {
			q.Text("SELECT 1 FROM ").Name(p.Table).Text(" WHERE ")
			q.KeyAmong(statement.Table{Name: p.Table}, p.Schema.PrimaryFields, chunk).Text(" ORDER BY ").Columns("", fields)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveOut takes rows out of what a create statement inserts, and tells how many are left. A statement of one row keeps it.
func leaveOut(stmt *gorm.Statement, skip func(created) bool) (left int) {
	var kept []created
	eachCreated(stmt, func(row created) {
		if !skip(row) {
			kept = append(kept, row)
		}
	})
	switch stmt.Dest.(type) {
	case []map[string]any, *[]map[string]any:
		list := make([]map[string]any, len(kept))
		for i, row := range kept {
			list[i] = row.values
		}
		stmt.Dest, stmt.ReflectValue = list, reflect.ValueOf(list)
		return len(kept)
	}
	if kind := stmt.ReflectValue.Kind(); kind == reflect.Slice || kind == reflect.Array {
		// Pointers to the caller's own values: GORM writes what the database gives into them.
		list := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(stmt.Schema.ModelType)), 0, len(kept))
		for _, row := range kept {
			list = reflect.Append(list, row.model.Addr())
		}
		stmt.Dest, stmt.ReflectValue = list.Interface(), list
	}
	return len(kept)
}
