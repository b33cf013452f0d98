package write

import (
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room says of a row that could not be created whether a deleted one has its key, or a unique value of it. The database's
// error does not tell, and the caller sees no such row.

// ExplainTaken runs last, after GORM has ended its own transaction. What it reads costs nothing where nothing failed.
func (g *Guards) ExplainTaken(db *gorm.DB) {
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
	for _, index := range p.Whole {
		key, err := deletedHolder(tx, here, table, index, newUpsert(db.Statement, index.Fields).keys)
		if err != nil {
			return // the database's own error says enough
		}
		if key != nil {
			another := "let the index be over live rows only (without the tag full and Config.KeepUnique)"
			if index.Name == policy.PrimaryKey {
				another = "give the new row another key"
			}
			db.Error = fault.RowTaken(db.Error, "unique index %s on (%s): the deleted row with key %s in table %s has the value; "+
				"restore it, remove it for good through Unscoped, or %s", index.Name, strings.Join(index.Columns(), ", "), rowkey.KeyText(key), table.Name, another)
			return
		}
	}
}

// violatesUnique tells whether a statement failed for a value that a unique index or a primary key has already.
func (g *Guards) violatesUnique(err error) bool {
	return errors.Is(err, gorm.ErrDuplicatedKey) || g.Dialect.Violation(err).Kind == dialect.UniqueIndex
}

// afterFailure is a session that can read after a statement has failed. Where that has spoilt the caller's transaction, it is on
// another connection, if there is one to spare: nobody else would give ours back.
func (g *Guards) afterFailure(db *gorm.DB) (statement.Session, bool) {
	tx := g.Session(db).InWork(db.Statement.Context)
	if _, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter); inTransaction && g.Dialect.Has(dialect.RowLocks) {
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

// deletedHolder gives the key of a deleted row that has one of the values, nil where there is none.
func deletedHolder(tx statement.Session, p *policy.Policy, table statement.Table, index *policy.UniqueIndex, values [][]any) ([]any, error) {
	for chunk := range slices.Chunk(values, statement.ChunkSize) {
		q := tx.Query().Text("SELECT ").Columns("", p.Schema.PrimaryFields).Text(" FROM ").Name(table.Name).Text(" WHERE ")
		q.KeyAmong(statement.Table{Name: table.Name}, index.Fields, chunk)
		statement.WriteAnd(q, p.Predicates.Deleted, "")
		if index.Where != "" {
			q.Text(" AND (", index.Where, ")")
		}
		keys, err := q.Text(" LIMIT 1").KeyValues(len(p.Schema.PrimaryFields))
		if err != nil || len(keys) > 0 {
			return append(keys, nil)[0], err
		}
	}
	return nil, nil
}
