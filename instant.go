package softdelete

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// concerned lists the models that mark rows and whose deletions must differ in time from those of p: those that cascade and
// guard relations connect with p, in either direction. By these relations marks are passed on.
func concerned(p *policy) []*policy {
	if p.cascades || len(p.cascadeParents()) > 0 {
		return connected(p, true)
	}
	switch {
	case !p.keepsDeleted():
		return nil
	case len(p.guards) == 0 && len(p.guardedBy()) == 0:
		return p.alone
	}
	return connected(p, true)
}

// connected lists the models that mark rows and that cascade relations, and if asked for guard relations, connect with p.
func connected(p *policy, guards bool) []*policy {
	seen := map[*policy]bool{p: true}
	all := []*policy{p}
	for i := 0; i < len(all); i++ {
		visit := func(next *policy) {
			if !seen[next] {
				seen[next] = true
				all = append(all, next)
			}
		}
		for _, r := range all[i].has {
			if r.rule == ruleCascade {
				visit(r.child)
			}
		}
		for _, r := range all[i].cascadeParents() {
			visit(r.parent)
		}
		if !guards {
			continue
		}
		for _, r := range all[i].guards {
			visit(r.parent)
		}
		for _, r := range all[i].guardedBy() {
			visit(r.child)
		}
	}
	marking := all[:0]
	for _, q := range all {
		if q.keepsDeleted() {
			marking = append(marking, q)
		}
	}
	return marking
}

// chooseInstant gives the time of a deletion that begins at root: now, as exactly as the coarsest column keeps it. Where a
// model has no DeletionID, the time is the mark, and is moved on in steps of that precision until no deletion has it.
// A deletion inside another one takes the outer one's time where that can be told apart too. The root rows stand in the table
// of the given name.
func (e *engine) chooseInstant(tx *gorm.DB, root *policy, table string, outer *deletion) (time.Time, error) {
	now := tx.NowFunc().UTC()
	step := e.dialect.Precision
	models := concerned(root)
	byTime := false
	for _, p := range models {
		byTime = byTime || p.id == nil
		if p.at != nil {
			step = max(step, p.atClock.precision)
		}
	}
	if outer != nil && truncate(outer.at, step).Equal(outer.at) {
		if !byTime || tx.DryRun || slices.Contains(concerned(outer.root), root) {
			return outer.at, nil
		}
		if used, err := e.instantUsed(tx, models, root, table, outer.at); err != nil || !used {
			return outer.at, err
		}
	}
	at := truncate(now, step)
	if !byTime || tx.DryRun {
		return at, nil
	}
	at = e.remember(models, at, step)
	if step <= time.Microsecond && ticks(now) {
		return at, nil
	}
	return e.unusedInstant(tx, models, root, table, at, step)
}

// remember moves a time on past those that this process has used for the models, and remembers it.
func (e *engine) remember(models []*policy, at time.Time, step time.Duration) time.Time {
	e.plugin.instants.Lock()
	defer e.plugin.instants.Unlock()
	for _, p := range models {
		if !at.After(p.lastInstant) {
			at = truncate(p.lastInstant, step).Add(step)
		}
	}
	for _, p := range models {
		p.lastInstant = at
	}
	return at
}

// truncate cuts an instant to a multiple of step since 1970.
func truncate(at time.Time, step time.Duration) time.Time {
	nanoseconds := at.UnixNano()
	return instantOf(nanoseconds - ((nanoseconds%int64(step))+int64(step))%int64(step))
}

// instantOf is the time so many nanoseconds after 1970-01-01 UTC.
func instantOf(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

// ticks tells whether a time is that of a clock that runs and is finer than a millisecond. Together with the memory of
// what this process has used, such a time needs no look into the database.
func ticks(now time.Time) bool {
	const coarse = time.Millisecond
	drift := time.Since(now)
	return drift > -coarse && drift < coarse && now.Nanosecond()%int(coarse) != 0
}

// unusedInstant looks for a time, from at on, that no row of the models carries, and reserves it until the transaction ends.
func (e *engine) unusedInstant(tx *gorm.DB, models []*policy, root *policy, table string, at time.Time, step time.Duration) (time.Time, error) {
	if err := e.lockWriter(tx, models[0]); err != nil {
		return at, err
	}
	for {
		reserved, err := e.reserveInstant(tx, models, at)
		if err != nil {
			return at, err
		}
		if reserved {
			used, err := e.instantUsed(tx, models, root, table, at)
			if err != nil || !used {
				return at, err
			}
		}
		at = e.remember(models, at, step)
	}
}

// reserveInstant keeps other transactions from taking the time until ours ends and its rows show. It tells whether the time
// was free. A database with a single writer needs none of this.
func (e *engine) reserveInstant(tx *gorm.DB, models []*policy, at time.Time) (free bool, err error) {
	if !e.dialect.Has(dialect.AdvisoryLocks) {
		return true, nil
	}
	tables := make([]string, len(models))
	for i, p := range models {
		tables[i] = p.schema.Table
	}
	key := fnv.New64a()
	key.Write([]byte(slices.Min(tables)))
	number := strconv.FormatInt(int64(key.Sum64())^at.UnixNano(), 10)
	q := newQuery(tx, e.dialect).text("SELECT ", e.dialect.TryLock(number))
	err = q.rows(func(scan func(...any) error) error { return scan(&free) })
	return free, err
}

// instantUsed tells whether a row of the models carries the time. The root's rows may stand in another table beside its own.
func (e *engine) instantUsed(tx *gorm.DB, models []*policy, root *policy, table string, at time.Time) (used bool, err error) {
	q := newQuery(tx, e.dialect).text("SELECT 1 WHERE 1 = 0")
	ask := func(p *policy, table string) {
		q.text(" OR EXISTS (SELECT 1 FROM ").name(table).text(" WHERE ")
		if p.at != nil {
			q.name(p.at.DBName).text(" = ").bind(p.atClock.value(at)).text(")")
			return
		}
		// Beside a model without a DeletionID the time that begins this one's is a mark too.
		q.name(p.id.DBName).text(" LIKE ").bind(fmt.Sprintf("%0*d-%%", instantDigits, at.UnixNano())).text(")")
	}
	for _, p := range models {
		if p.at == nil && p.id == nil {
			continue
		}
		ask(p, p.deletedTable())
		if p == root && table != p.schema.Table {
			ask(p, table)
		}
	}
	err = q.rows(func(func(...any) error) error { used = true; return nil })
	return used, err
}

// lockWriter makes the transaction a writing one before it reads. On a database with a single writer a transaction that
// has read and then wants to write fails at once when another has written meanwhile.
func (e *engine) lockWriter(tx *gorm.DB, p *policy) error {
	if e.dialect.Has(dialect.RowLocks) || len(p.schema.PrimaryFields) == 0 {
		return nil
	}
	key := p.schema.PrimaryFields[0].DBName
	q := newQuery(tx, e.dialect).text("UPDATE ").name(p.schema.Table).text(" SET ").name(key).text(" = ").name(key)
	_, err := q.text(" WHERE 1 = 0").exec()
	return err
}
