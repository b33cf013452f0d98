package statement

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room locks numbers until the transaction ends. A database with a single writer needs none of it. Where a transaction locks nothing but
// rows, the rows of a small table stand for all numbers, several for one row: who shares a row with another number waits, or is told that
// its number is taken, without need.

// LockNumber waits for a lock on a number, which a transaction has alone or shares with others. It refuses a transaction in which what
// follows would not see what others did under the lock.
func (s Session) LockNumber(number int64, alone bool) error {
	switch {
	case s.Dialect.Has(dialect.AdvisoryLocks):
		return s.lockNumber(strconv.FormatInt(number, 10), alone)
	case s.Dialect.Has(dialect.LockTable):
		lock := dialect.ShareLock
		if alone {
			lock = dialect.SoleLock
		}
		return s.lockSlot(slot(number, 0, waitedSlots), lock)
	}
	return nil
}

func (s Session) lockNumber(number string, alone bool) error {
	q := s.Query().Text("SELECT 1").Level().Text(" FROM (SELECT ")
	if alone {
		q.Text(s.Dialect.SoleLock(number))
	} else {
		q.Text(s.Dialect.ShareLock(number))
	}
	var one int
	var level string
	err := q.Text(") AS locked").Rows(func(scan func(...any) error) error { return scan(&one, &level) })
	if err == nil {
		err = q.RefuseStale(level)
	}
	return err
}

// Trial is what came of the wish to have a value alone.
type Trial int

const (
	// Taken: another transaction has the number of the value, or a number that shares its row.
	Taken Trial = iota
	// Reserved: this transaction has it until it ends, and sees who had it before.
	Reserved
	// Doubtful: it has it, but may not see whether another one had it meanwhile.
	Doubtful
)

// TryNumber locks the number of a value that no other transaction has. It waits for nobody.
//
// A transaction that sees what was there when it began would not see that another has committed the value since. The row of a number
// keeps the greatest of the values that it was locked for: those above it are new.
func (s Session) TryNumber(number, value int64) (trial Trial, err error) {
	switch {
	case s.Dialect.Has(dialect.AdvisoryLocks):
		free := false
		q := s.Query().Text("SELECT ", s.Dialect.TryLock(strconv.FormatInt(number, 10)))
		err = q.Rows(func(scan func(...any) error) error { return scan(&free) })
		if err == nil && free {
			trial = Reserved
		}
		return trial, err
	case s.Dialect.Has(dialect.LockTable):
		return s.trySlot(slot(number, waitedSlots, triedSlots), value)
	}
	return Reserved, nil
}

// LockRow is a row of the table softdelete_locks.
type LockRow struct {
	Slot     int   `gorm:"column:slot;primaryKey;autoIncrement:false"`
	Greatest int64 `gorm:"column:greatest;not null;default:0"`
}

// TableName implements schema.Tabler.
func (LockRow) TableName() string { return "softdelete_locks" }

// lockTable is the table of rows that stand for numbers.
var lockTable = NewOwn[LockRow]()

// How many rows are for numbers that are waited for, of which there is one, and for those that are tried. The numbers of times are many,
// and who finds one taken tries the next.
const (
	waitedSlots = 1
	triedSlots  = 127
)

// slot is the row of a number among so many from the first on. Numbers in even steps, as times are, must not meet in a few.
func slot(number int64, first, count int) int {
	hash := fnv.New64a()
	hash.Write(strconv.AppendInt(nil, number, 10))
	return first + int(hash.Sum64()%uint64(count))
}

// lockSlot locks a row. One that is not there, as after all tables were emptied, is added: the transaction has it alone then.
func (s Session) lockSlot(slot int, lock dialect.Lock) error {
	found, err := s.slotsFound(slot, lock)
	if err != nil || len(found) > 0 {
		return err
	}
	return s.slotError(lockTable.InsertMissing(s, LockRow{Slot: slot}))
}

// trySlot locks a row that no other transaction has locked, for a value.
func (s Session) trySlot(slot int, value int64) (Trial, error) {
	found, err := s.slotsFound(slot, dialect.FreeLock)
	if err != nil {
		return Taken, err
	}
	if len(found) == 0 {
		there, err := s.slotsFound(slot, dialect.NoLock)
		if err != nil || len(there) > 0 {
			return Taken, err
		}
		if err := s.slotError(lockTable.InsertMissing(s, LockRow{Slot: slot})); err != nil {
			return Taken, err
		}
		found = []int64{0}
	}
	if found[0] >= value {
		return s.doubtful(), nil
	}
	q := lockTable.Update(s).Name("greatest").Text(" = ").Bind(value).Text(" WHERE ").Name("slot").Text(" = ").Bind(slot)
	_, err = q.Exec()
	return Reserved, s.slotError(err)
}

// doubtful is what a value is that is not above the greatest one.
func (s Session) doubtful() Trial {
	if s.Query().snapshot() {
		return Doubtful
	}
	return Reserved
}

// slotsFound reads the value of a row with a lock, by which it is read as it is now.
func (s Session) slotsFound(slot int, lock dialect.Lock) (greatest []int64, err error) {
	q := s.Query().Now().Text("SELECT ").Name("greatest").Text(" FROM ").Name(lockTable.Name()).Text(" WHERE ").Name("slot").Text(" = ").Bind(slot).Lock(lock)
	err = q.Rows(func(scan func(...any) error) error {
		greatest = append(greatest, 0)
		return scan(&greatest[len(greatest)-1])
	})
	return greatest, s.slotError(err)
}

// slotError tells what to do where the table is not there. It cannot be made now: who has looked for it keeps others from making it
// until the transaction ends.
func (s Session) slotError(err error) error {
	switch {
	case err == nil:
		return nil
	case slices.ContainsFunc(FailedIn(err), func(failed *Failed) bool { return failed.Missing == dialect.MissingTable }):
		return fmt.Errorf("%w: the table %s is not there, whose rows transactions lock, and the plugin could not make it on a connection of its own; "+
			"create it with db.AutoMigrate(softdelete.Tables()...), or with %s: %w", fault.ErrUnsupported, lockTable.Name(), s.Dialect.LockTable(lockTable.Name()), err)
	}
	return fmt.Errorf("softdelete: the table of locks: %w", err)
}

// Slots are the rows of the table of locks.
func Slots() []LockRow {
	rows := make([]LockRow, waitedSlots+triedSlots)
	for i := range rows {
		rows[i].Slot = i
	}
	return rows
}

// MissingSlots lists those that the table, which is there, lacks.
func MissingSlots(tx Session) ([]LockRow, error) {
	there, err := lockTable.Find(tx, nil)
	return slices.DeleteFunc(Slots(), func(row LockRow) bool {
		return slices.ContainsFunc(there, func(other LockRow) bool { return other.Slot == row.Slot })
	}), err
}

// AddSlots adds rows to the table of locks.
func AddSlots(tx Session, rows []LockRow) error { return lockTable.InsertMissing(tx, rows...) }
