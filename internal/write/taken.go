package write

import (
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room says of a row that could not be written whether a deleted one has its key, or a unique value of it. The database's
// error does not tell, and the caller sees no such row.

// holder is the alias of a deleted row that may have the value.
const holder = "softdelete_holder"

// taking writes conditions on a row with that alias: that it has what some of a statement's rows were to have in these fields. It gives
// none where no row was to have something there.
type taking func(fields []*schema.Field) []func(q *statement.Query)

// ExplainTaken runs last, after GORM has ended its own transaction. What it reads costs nothing where nothing failed.
func (g *Guards) ExplainTaken(db *gorm.DB) {
	g.explainTaken(db, func(_ *policy.Policy, table statement.Table) taking {
		return func(fields []*schema.Field) (conditions []func(q *statement.Query)) {
			for chunk := range slices.Chunk(keysOf(db.Statement, &policy.UniqueIndex{Fields: fields}), statement.ChunkSize) {
				conditions = append(conditions, func(q *statement.Query) {
					q.KeyAmong(statement.Table{Name: table.Name, Alias: holder}, fields, chunk)
				})
			}
			return conditions
		}
	})
}

// ExplainTakenUpdate does the same for an update. What it leaves of a composite index is what its rows have.
func (g *Guards) ExplainTakenUpdate(db *gorm.DB) {
	stmt := db.Statement
	if db.Error == nil || stmt.Unscoped || stmt.Schema == nil { // its rows may be deleted themselves
		return
	}
	g.explainTaken(db, func(p *policy.Policy, named statement.Table) taking {
		written := assignmentsOf(stmt)
		return func(fields []*schema.Field) []func(q *statement.Query) {
			var assigned, left []*schema.Field
			var values []any
			for _, field := range fields {
				value, ok := written.to(field)
				ok = ok && !(field.PrimaryKey && written.columns == nil) // GORM leaves the key of a model alone
				if !ok {
					left = append(left, field)
				} else if value, ok = rowkey.PlainValue(value); ok && !computed(value) {
					assigned, values = append(assigned, field), append(values, value)
				} else {
					return nil
				}
			}
			if len(assigned) == 0 {
				return nil
			}
			return []func(q *statement.Query){func(q *statement.Query) {
				q.KeyAmong(statement.Table{Name: named.Name, Alias: holder}, assigned, [][]any{values})
				if len(left) == 0 {
					return
				}
				q.Text(" AND EXISTS (SELECT 1 FROM ").Table(named).Text(" WHERE ")
				updateCondition(q, stmt)
				statement.WriteAnd(q, p.Predicates.Live, named.Qualifier())
				for _, field := range left {
					q.Text(" AND ").Column(named.Qualifier(), field.DBName).Text(" = ").Column(holder, field.DBName)
				}
				q.Text(")")
			}}
		}
	})
}

// explainTaken looks for a deleted row that has what a statement was to write, in each unique index of the database.
func (g *Guards) explainTaken(db *gorm.DB, wanted func(*policy.Policy, statement.Table) taking) {
	if db.Error == nil || db.DryRun || db.Statement.Schema == nil || errors.Is(db.Error, fault.ErrRowDeleted) || !g.violatesUnique(db.Error) {
		return
	}
	p := g.Compiled(db.Statement.Schema)
	if p == nil || p.Err != nil || p.Column() == nil {
		return
	}
	here, table, ok := g.Here(db.Statement, p)
	if !ok {
		return
	}
	tx, ok := g.afterFailure(db)
	if !ok {
		return
	}
	indexes, err := wholeIndexes(tx, here, table)
	if err != nil {
		return // the database's own error says enough
	}
	take := wanted(here, table)
	for _, index := range indexes {
		for _, condition := range take(index.Fields) {
			key, err := deletedHolder(tx, here, table, index, condition)
			if err != nil {
				return
			}
			if key == nil {
				continue
			}
			another := "let the index be over live rows only (without the tag full and Config.KeepUnique)"
			switch {
			case index.Name == policy.PrimaryKey:
				another = "give the new row another key"
			case index.Where != "" || !declared(p, index):
				another = "leave deleted rows out of the index"
			}
			db.Error = fault.RowTaken(db.Error, "unique index %s on (%s): the deleted row with key %s in table %s has the value; "+
				"restore it, remove it for good through Unscoped, or %s", index.Name, strings.Join(index.Columns(), ", "), rowkey.KeyText(key), table.Name, another)
			return
		}
	}
}

// declared tells whether a tag of the model makes the index be over all rows.
func declared(p *policy.Policy, index *policy.UniqueIndex) bool {
	return slices.ContainsFunc(p.Whole, func(whole *policy.UniqueIndex) bool { return dialect.SameSet(whole.Columns(), index.Columns()) })
}

// wholeIndexes are the unique indexes of a table that its deleted rows may be in, by the columns that the model has: what tags say, and
// what else the database has. One over live rows has a condition that no deleted row fulfils.
func wholeIndexes(tx statement.Session, p *policy.Policy, table statement.Table) ([]*policy.UniqueIndex, error) {
	list := slices.Clone(p.Whole)
	found, err := tx.Dialect.Indexes(tx.DB, dialect.Table{Name: dialect.LastName(table.Name), Quoted: statement.QuoteName(tx.DB, table.Name)})
	if err != nil {
		return nil, err
	}
	for _, index := range found {
		if !index.Unique || index.Where == "" && slices.ContainsFunc(list, func(whole *policy.UniqueIndex) bool {
			return dialect.SameSet(whole.Columns(), index.Columns())
		}) {
			continue
		}
		u := &policy.UniqueIndex{Name: index.Name, Where: index.Where}
		for _, column := range index.Columns() {
			if field := p.Schema.FieldsByDBName[column]; field != nil {
				u.Fields = append(u.Fields, field)
			}
		}
		if len(u.Fields) == len(index.Columns()) {
			list = append(list, u)
		}
	}
	return list, nil
}

// violatesUnique tells whether a statement failed for a value that a unique index or a primary key has already.
func (g *Guards) violatesUnique(err error) bool {
	return errors.Is(err, gorm.ErrDuplicatedKey) || g.Dialect.Violation(err).Kind == dialect.UniqueIndex
}

// afterFailure is a session that can read after a statement has failed. Where that has spoilt the caller's transaction, it is on
// another connection, if there is one to spare: nobody else would give ours back.
func (g *Guards) afterFailure(db *gorm.DB) (statement.Session, bool) {
	tx := g.Session(db).InWork(db.Statement.Context)
	if _, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter); inTransaction && g.Dialect.Has(dialect.SpoiltByErrors) {
		pool, err := db.Session(&gorm.Session{NewDB: true, Initialized: true}).DB()
		if err != nil {
			return tx, false
		}
		if stats := pool.Stats(); stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections {
			return tx, false
		}
		tx.Statement.ConnPool = pool
	}
	return tx.Silent(), true // the values may be personal
}

// deletedHolder gives the key of a deleted row of an index that fulfils a condition, nil where there is none.
func deletedHolder(tx statement.Session, p *policy.Policy, table statement.Table, index *policy.UniqueIndex, condition func(q *statement.Query)) ([]any, error) {
	q := tx.Query().Text("SELECT ").Columns(holder, p.Schema.PrimaryFields).Text(" FROM ").Name(table.Name).Text(" AS ", holder, " WHERE ")
	condition(q)
	statement.WriteAnd(q, p.Predicates.Deleted, holder)
	if index.Where != "" {
		q.Text(" AND (", index.Where, ")")
	}
	keys, err := q.Text(" LIMIT 1").KeyValues(len(p.Schema.PrimaryFields))
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return keys[0], nil
}
