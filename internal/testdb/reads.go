package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// This room counts what a call costs, whatever else the machine does.

// Reads is how many rows of tables and of indexes are read while a function runs, which uses the only connection of db; 0 on SQLite,
// which does not count them. What is read of the catalogue counts too on MySQL: some hundreds.
func (d *Database) Reads(t testing.TB, db *gorm.DB, run func()) int64 {
	t.Helper()
	pool, err := db.DB()
	require.NoError(t, err)
	require.Equal(t, 1, pool.Stats().MaxOpenConnections, "the counts are those of a session")
	if d.kind.reads == nil {
		run()
		return 0
	}
	before, err := d.kind.reads(db)
	require.NoError(t, err)
	run()
	after, err := d.kind.reads(db)
	require.NoError(t, err)
	return after - before
}

// readsInMySQL are those of the session, in the order of the engine's calls.
func readsInMySQL(db *gorm.DB) (reads int64, err error) {
	var counters []struct{ Value int64 }
	err = db.Raw("SHOW SESSION STATUS LIKE 'Handler_read%'").Scan(&counters).Error
	for _, counter := range counters {
		reads += counter.Value
	}
	return reads, err
}

// readsInPostgres are those of tables of the test's schema, which a session tells at once where it is asked to.
func readsInPostgres(db *gorm.DB) (reads int64, err error) {
	if err := db.Exec("SELECT pg_stat_force_next_flush()").Error; err != nil {
		return 0, err
	}
	err = db.Raw("SELECT COALESCE(SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)), 0) FROM pg_stat_user_tables WHERE schemaname = current_schema()").Scan(&reads).Error
	return reads, err
}

// StatementsPerWrite is how many statements a write of rows takes that a walk has found, at the most: with the temporary tables for the
// walk and for the keys where a write cannot begin with WITH.
func (d *Database) StatementsPerWrite() int {
	if d.kind.writesAlone {
		return 7
	}
	return 1
}

// LocksAllRead tells whether a statement locks all rows that it reads to find those that it writes, so that these are named by their keys.
func (d *Database) LocksAllRead() bool { return d.kind.locksAllRead }
