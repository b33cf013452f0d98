package dialect

import (
	"database/sql"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// addresses are how a database numbers the rows of a table in the order in which they lie in it.
type addresses struct {
	// column finds a row faster than its key.
	column string
	// bound is what column is compared with, for a number, and cast what stands behind it.
	bound func(number int64) any
	cast  string
	// only stands behind a table's name where rows are to be found by the column, not by an index; empty where the database
	// sees that by itself.
	only string
	// unlocked follows unlockedColumn in the condition that nobody has ever locked a row, or changed it since the statement
	// began. Empty where rows are not locked.
	unlockedColumn, unlocked string
	// removedSoFar is an expression for how many rows of a table the transaction and those before it have deleted; it grows
	// with each row.
	removedSoFar func(table string) string
	// lazily is a condition that is always true and lets the transaction's commit not wait for the disk; flush is a statement
	// that waits for all commits before it. Empty where there is no such thing.
	lazily, flush string

	// tells gives whether column tells a table's rows apart while one statement runs, so that the planner
	// finds them by it whatever it expects; nil where no such help is needed.
	tells func(db *gorm.DB, table Table) (bool, error)

	// extent finds the first and the last number of a table's rows; ok is false where they have none.
	extent func(db *gorm.DB, table string) (e Extent, ok bool, err error)
}

// Extent is the first and the last address of the rows of a table.
type Extent struct {
	First, Last int64
	// Counted tells that RemovedSoFar counts the rows that are deleted.
	Counted bool
}

// RowAddress is a column by which a row that is locked is found faster than by its key.
func (d *Dialect) RowAddress() string { return d.addresses.column }

// AddressTells tells whether RowAddress tells the rows of a table apart while one statement runs, and finding them by it needs no
// good guess of their number. Partitions have addresses of their own.
func (d *Dialect) AddressTells(db *gorm.DB, table Table) (bool, error) {
	if d.addresses.tells == nil {
		return false, nil
	}
	return d.addresses.tells(db, table)
}

// Extent gives the numbers of a table's rows, in the order in which they lie in it. ok is false where the database does not
// number the rows of the table, or cannot find them by these numbers.
func (d *Dialect) Extent(db *gorm.DB, table string) (e Extent, ok bool, err error) {
	return d.addresses.extent(db, table)
}

// Bound is the value for a number of Extent to bind, and the cast to write behind it.
func (d *Dialect) Bound(number int64) (value any, cast string) {
	return d.addresses.bound(number), d.addresses.cast
}

// ByAddress stands behind the name of a table whose rows are to be found by a range of addresses.
func (d *Dialect) ByAddress() string { return d.addresses.only }

// Unlocked is a column of every table, and what follows it in the condition that no transaction has locked or changed a row
// that the statement sees. Rows that somebody locked before may miss it. Both are empty where rows are not locked.
func (d *Dialect) Unlocked() (column, condition string) {
	return d.addresses.unlockedColumn, d.addresses.unlocked
}

// RemovedSoFar is an expression that grows by one with each row of a table that the transaction deletes, while it deletes
// them. Its first value is any. It needs an Extent that is Counted.
func (d *Dialect) RemovedSoFar(table string) string { return d.addresses.removedSoFar(table) }

// LazyCommit is a condition that is always true, and makes the commit of its transaction return before the disk has it; flush
// is a statement that returns once the disk has all of them. Both are empty where commits cannot be told so.
func (d *Dialect) LazyCommit() (condition, flush string) {
	return d.addresses.lazily, d.addresses.flush
}

// postgresAddresses are the numbers of blocks. Since version 14 rows are found by a range of these.
var postgresAddresses = addresses{
	column:         "ctid",
	bound:          func(number int64) any { return fmt.Sprintf("(%d,0)", number) },
	cast:           "::tid",
	unlockedColumn: "xmax",
	unlocked:       " = '0'::xid",
	removedSoFar: func(table string) string {
		return "pg_stat_get_xact_tuples_deleted('" + strings.ReplaceAll(regclass(table), "'", "''") + "'::regclass)"
	},
	lazily: "(SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL",
	flush:  "SELECT pg_logical_emit_message(true, 'softdelete', '')",
	tells: func(db *gorm.DB, table Table) (tells bool, err error) {
		err = db.Raw(`SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass(?) AND relkind = 'r' AND NOT relhassubclass
			AND current_setting('server_version_num')::int >= 140000)`, table.Quoted).Scan(&tells).Error
		return tells, err
	},
	extent: func(db *gorm.DB, table string) (e Extent, ok bool, err error) {
		var found []struct {
			Blocks  int64 `gorm:"column:blocks"`
			Counted bool  `gorm:"column:counted"`
		}
		err = db.Raw(`SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint AS blocks,
				current_setting('track_counts')::boolean AS counted
			FROM pg_class c JOIN pg_am a ON a.oid = c.relam
			WHERE c.oid = to_regclass(?) AND c.relkind = 'r' AND NOT c.relhassubclass AND a.amname = 'heap'
			AND current_setting('server_version_num')::int >= 140000`, regclass(table)).Scan(&found).Error
		if err != nil || len(found) == 0 {
			return e, false, err
		}
		return Extent{Last: found[0].Blocks - 1, Counted: found[0].Counted}, true, nil
	},
}

// sqliteAddresses are row IDs, which every table has that is not made WITHOUT ROWID.
var sqliteAddresses = addresses{
	column: "_rowid_",
	bound:  func(number int64) any { return number },
	only:   " NOT INDEXED",
	extent: func(db *gorm.DB, table string) (e Extent, ok bool, err error) {
		var found []string
		// The columns of an index of the table's name are told of a table WITHOUT ROWID alone (https://sqlite.org/pragma.html#pragma_index_info);
		// a virtual one has no page.
		err = db.Raw(`SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?) AND rootpage > 0
			AND NOT EXISTS (SELECT 1 FROM pragma_index_info(sqlite_master.name))`, sqliteTable(table)).Scan(&found).Error
		if err != nil || len(found) == 0 {
			return e, false, err
		}
		var first, last sql.NullInt64
		err = db.Raw("SELECT (SELECT min(_rowid_) FROM "+sqliteQuoted(found[0])+"), (SELECT max(_rowid_) FROM "+sqliteQuoted(found[0])+")").Row().Scan(&first, &last)
		return Extent{First: first.Int64, Last: last.Int64}, first.Valid, err
	},
}
