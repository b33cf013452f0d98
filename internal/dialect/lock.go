package dialect

import (
	"slices"
	"strings"
)

// This room is for locks on rows. Without the feature RowLocks there is a single writer, and none of them is written.

// Lock is how a SELECT locks the rows that it reads, until the transaction ends.
type Lock int

const (
	// NoLock: not at all.
	NoLock Lock = iota
	// ShareLock keeps others from changing the rows. Several transactions may have it.
	ShareLock
	// MarkLock is for rows that are about to be marked. Where the database can tell, it leaves alone those who only check that
	// a key is there.
	MarkLock
	// SoleLock is for rows that are about to go, or whose keys are about to change.
	SoleLock
	// FreeLock is a SoleLock that leaves out the rows that others have locked.
	FreeLock
	// InstantLock is a SoleLock that fails where others have locked a row: nobody is waited for, so that it need keep to no order.
	InstantLock
)

// LockRows ends a SELECT that locks rows; empty where the database has no locks on rows.
func (d *Dialect) LockRows(lock Lock) string { return d.locks[lock] }

// Locks tells whether a statement locks rows that it reads.
func (d *Dialect) Locks(sql string) bool {
	return slices.ContainsFunc(d.locks[:], func(lock string) bool { return lock != "" && strings.Contains(sql, lock) })
}

// LockTable is the statement that makes a table of a name whose rows stand for numbers: the feature LockTable.
func (d *Dialect) LockTable(name string) string {
	return "CREATE TABLE " + name + " (slot bigint PRIMARY KEY, greatest bigint NOT NULL DEFAULT 0) ENGINE=InnoDB"
}
