package deletion

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Connected lists the models that mark rows and that cascade relations, and if asked for guard relations, connect with p.
func Connected(p *policy.Policy, guards bool) []*policy.Policy {
	seen := map[*policy.Policy]bool{p: true}
	all := []*policy.Policy{p}
	for i := 0; i < len(all); i++ {
		visit := func(next *policy.Policy) {
			if !seen[next] {
				seen[next] = true
				all = append(all, next)
			}
		}
		for _, r := range all[i].Has {
			if r.Rule == policy.RuleCascade {
				visit(r.Child)
			}
		}
		for _, r := range all[i].CascadeParents() {
			visit(r.Parent)
		}
		if !guards {
			continue
		}
		for _, r := range all[i].Guards {
			visit(r.Parent)
		}
		for _, r := range all[i].GuardedBy() {
			visit(r.Child)
		}
	}
	marking := all[:0]
	for _, q := range all {
		if q.KeepsDeleted() {
			marking = append(marking, q)
		}
	}
	return marking
}

// chooseInstant gives the time of a deletion: now, as exactly as the coarsest column keeps it. Where a model has no DeletionID, the
// time is the mark, and is moved on in steps of that precision until no deletion has it. A deletion inside another one takes the
// outer one's time where that can be told apart too.
func (deleter *Deleter) chooseInstant(tx statement.Session, c *concerned, outer *deletion) (time.Time, error) {
	now := tx.NowFunc().UTC()
	step := tx.Dialect.Precision
	for _, p := range c.marking {
		if p.At != nil {
			step = max(step, p.AtClock.Precision)
		}
	}
	if outer != nil && truncate(outer.at, step).Equal(outer.at) {
		rest := c.without(outer.concerned)
		if !c.byTime() || tx.DryRun || len(rest) == 0 {
			return outer.at, nil
		}
		if used, err := deleter.instantUsed(tx, rest, outer.at, statement.Doubtful); err != nil || !used {
			return outer.at, err
		}
	}
	at := truncate(now, step)
	if !c.byTime() || tx.DryRun {
		return at, nil
	}
	at = deleter.Instants.remember(c, at, step)
	if step <= time.Microsecond && ticks(now) {
		return at, nil
	}
	return deleter.unusedInstant(tx, c, at, step)
}

// Instants serialises the choice of instants over all databases whose policies it is for: a policy remembers the latest.
type Instants struct{ choosing sync.Mutex }

// remember moves a time on past those that this process has used for the models, and remembers it for those that are to be marked
// with it.
func (i *Instants) remember(c *concerned, at time.Time, step time.Duration) time.Time {
	i.choosing.Lock()
	defer i.choosing.Unlock()
	for moved := true; moved; {
		moved = false
		for _, p := range c.all {
			last := p.LastInstant
			if !at.After(last) && (slices.Contains(c.marking, p) || keeps(p, at) && truncate(last, step).Equal(last)) {
				at, moved = truncate(last, step).Add(step), true
			}
		}
	}
	for _, p := range c.marking {
		p.LastInstant = at
	}
	return at
}

// truncate cuts an instant to a multiple of step since 1970.
func truncate(at time.Time, step time.Duration) time.Time {
	nanoseconds := at.UnixNano()
	return InstantOf(nanoseconds - ((nanoseconds%int64(step))+int64(step))%int64(step))
}

// InstantOf is the time so many nanoseconds after 1970-01-01 UTC.
func InstantOf(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

// ticks tells whether a time is that of a clock that runs and is finer than a millisecond. Together with the memory of
// what this process has used, such a time needs no look into the database.
func ticks(now time.Time) bool {
	const coarse = time.Millisecond
	drift := time.Since(now)
	return drift > -coarse && drift < coarse && now.Nanosecond()%int(coarse) != 0
}

// unusedInstant looks for a time, from at on, that no row of the models carries, and reserves it until the transaction ends.
func (deleter *Deleter) unusedInstant(tx statement.Session, c *concerned, at time.Time, step time.Duration) (time.Time, error) {
	if err := tx.LockWriter(c.all[0].Table, c.all[0].Schema.PrimaryFields); err != nil {
		return at, err
	}
	for doubts := 0; ; {
		trial, err := reserveInstant(tx, c, at)
		if err != nil {
			return at, err
		}
		if trial == statement.Doubtful {
			doubts++
		}
		if trial == statement.Reserved || trial == statement.Doubtful && doubts > mostDoubts {
			used, err := deleter.instantUsed(tx, c.all, at, trial)
			if err != nil || !used {
				return at, err
			}
		}
		at = deleter.Instants.remember(c, at, step)
	}
}

// mostDoubts is how many times are passed over of which the transaction does not see whether others have taken them since it began. With
// more of them the clock has gone back: then rows are read as they are now, and locked by that for whoever deletes others.
const mostDoubts = 16

// reserveInstant keeps other transactions from taking the time until ours ends and its rows show.
func reserveInstant(tx statement.Session, c *concerned, at time.Time) (statement.Trial, error) {
	key := fnv.New64a()
	key.Write([]byte(c.name()))
	return tx.TryNumber(int64(key.Sum64())^at.UnixNano(), at.UnixNano())
}

// instantUsed tells whether a row of the models carries the time. Of one that is reserved without doubt those do that the transaction
// sees.
func instantUsed(tx statement.Session, models []*policy.Policy, at time.Time, trial statement.Trial) (used bool, err error) {
	q := tx.Query()
	if trial == statement.Reserved {
		q.Now()
	}
	q.Text("SELECT 1 WHERE 1 = 0")
	ask := func(p *policy.Policy, table string) {
		q.Text(" OR EXISTS (SELECT 1 FROM ").Name(table).Text(" WHERE ")
		if p.At != nil {
			q.Name(p.At.DBName).Text(" = ").Bind(p.AtClock.Value(at)).Text(")")
			return
		}
		// Beside a model without a DeletionID the time that begins this one's is a mark too.
		q.Name(p.ID.DBName).Text(" LIKE ").Bind(fmt.Sprintf("%0*d-%%", mark.InstantDigits, at.UnixNano())).Text(")")
	}
	for _, p := range models {
		if p.At == nil && p.ID == nil || !keeps(p, at) {
			continue
		}
		ask(p, p.DeletedTable())
	}
	err = q.Rows(func(func(...any) error) error { used = true; return nil })
	return used, err
}
