package certificate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Processor is a third party that has to erase the subject too.
type Processor interface {
	Name() string
	Erase(ctx context.Context, s ErasedSubject) error
}

// ErasedSubject is what a third party is told, in the form that a webhook posts.
type ErasedSubject struct {
	RequestID string `json:"request_id"`
	Table     string `json:"table"`
	Key       string `json:"key"`
}

const (
	StatePending      = "pending"
	StateAcknowledged = "acknowledged"
	stateFailed       = "failed"
)

const (
	// deliveryLease is how long a dispatcher has a delivery to itself; after a crash it is tried again then.
	deliveryLease = time.Minute
	// longestBackoff bounds the wait between attempts, which doubles each time.
	longestBackoff = 6 * time.Hour
	// mostAttempts are made before a delivery counts as failed: somewhat more than two days.
	mostAttempts = 20
)

// OutboxRow is a row of the table softdelete_erasure_outbox: one delivery to one processor.
type OutboxRow struct {
	ID             int64      `gorm:"column:id;primaryKey"`
	RequestID      string     `gorm:"column:request_id;size:128;uniqueIndex:softdelete_outbox_delivery"`
	Processor      string     `gorm:"column:processor;size:128;uniqueIndex:softdelete_outbox_delivery"`
	SubjectTable   string     `gorm:"column:subject_table"`
	SubjectKey     string     `gorm:"column:subject_key"`
	Attempts       int        `gorm:"column:attempts"`
	NextAt         time.Time  `gorm:"column:next_at;index"`
	AcknowledgedAt *time.Time `gorm:"column:acknowledged_at"`
}

// TableName implements schema.Tabler.
func (OutboxRow) TableName() string { return "softdelete_erasure_outbox" }

// OutboxTable is the table of the deliveries.
var OutboxTable = statement.NewOwn[OutboxRow]()

// state follows from the facts: nothing else keeps it.
func (r OutboxRow) state() string {
	switch {
	case r.AcknowledgedAt != nil:
		return StateAcknowledged
	case r.Attempts >= mostAttempts:
		return stateFailed
	}
	return StatePending
}

// fillRecipients reads the states of the certificates' recipients.
func fillRecipients(session statement.Session, list []Certificate) error {
	requests := make([]string, 0, len(list))
	for _, c := range list {
		if len(c.Recipients) > 0 {
			requests = append(requests, c.RequestID)
		}
	}
	states := map[[2]string]OutboxRow{}
	for chunk := range slices.Chunk(requests, statement.ChunkSize) {
		rows, err := OutboxTable.Find(session, func(q *statement.Query) { q.Text(" WHERE ").Among("", "request_id", statement.Values(chunk)) })
		if err != nil {
			return erasedrow.TablesError(err)
		}
		for _, row := range rows {
			states[[2]string{row.RequestID, row.Processor}] = row
		}
	}
	for _, c := range list {
		for i := range c.Recipients {
			row := states[[2]string{c.RequestID, c.Recipients[i].Name}]
			c.Recipients[i].State, c.Recipients[i].AcknowledgedAt = row.state(), row.AcknowledgedAt
		}
	}
	return nil
}

// Dispatch delivers what is due, each delivery at least once, and returns what went wrong, joined. The processor's own
// error may quote personal values; errors.Is and errors.As find it, the text leaves it out.
func (chain *Chain) Dispatch(db *gorm.DB) error {
	session := chain.Session(statement.OnWriter(db))
	if err := chain.Records.Need(session); err != nil {
		return err
	}
	now := session.NowFunc().UTC()
	due, err := OutboxTable.Find(session, func(q *statement.Query) {
		q.Text(" WHERE ").Name("acknowledged_at").Text(" IS NULL AND ").Name("attempts").Text(" < ").Bind(mostAttempts)
		q.Text(" AND ").Name("next_at").Text(" <= ").Bind(now).Text(" ORDER BY ").Name("id")
	})
	if err != nil {
		return erasedrow.TablesError(err)
	}
	var failures []error
	for _, row := range due {
		if err := db.Statement.Context.Err(); err != nil {
			return errors.Join(append(failures, err)...)
		}
		failures = append(failures, chain.deliver(session, row))
	}
	return errors.Join(failures...)
}

// deliver makes one attempt, if no other dispatcher is at it.
func (chain *Chain) deliver(session statement.Session, row OutboxRow) error {
	p, err := processorOf(chain.Processors, row.Processor)
	if err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("softdelete: request %s waits for the processor %q, which is not in Config.Processors; name it there, or delete its rows of the table %s if nobody is to be told any more",
			row.RequestID, row.Processor, OutboxTable.Name())
	}
	now := session.NowFunc().UTC()
	q := OutboxTable.Update(session).Name("attempts").Text(" = ").Bind(row.Attempts + 1)
	q.Text(", ").Name("next_at").Text(" = ").Bind(now.Add(backoff(row.Attempts + 1)))
	claimed, err := row.waiting(q).Text(" AND ").Name("attempts").Text(" = ").Bind(row.Attempts).Exec()
	if err != nil || claimed == 0 {
		return err // another dispatcher has it
	}
	row.Attempts++
	row.NextAt = now.Add(backoff(row.Attempts))
	subject := ErasedSubject{RequestID: row.RequestID, Table: row.SubjectTable, Key: row.SubjectKey}
	if err := tell(session.Statement.Context, p, subject); err != nil {
		return row.failure(err)
	}
	// The third party has acknowledged: that is noted even if the caller's context has ended meanwhile.
	kept := session.InWork(context.WithoutCancel(session.Statement.Context))
	_, err = row.waiting(OutboxTable.Update(kept).Name("acknowledged_at").Text(" = ").Bind(kept.NowFunc().UTC())).Exec()
	return err
}

// waiting writes the condition that a row is this one and not acknowledged.
func (r OutboxRow) waiting(q *statement.Query) *statement.Query {
	return q.Text(" WHERE ").Name("id").Text(" = ").Bind(r.ID).Text(" AND ").Name("acknowledged_at").Text(" IS NULL")
}

// failure is the error of an attempt that failed, without the text of the processor's own error, which may quote personal values.
func (r OutboxRow) failure(cause error) error {
	next := "the next one is due at " + r.NextAt.Format(time.RFC3339)
	if r.state() == stateFailed {
		next = "there is no next one, the delivery has failed"
	}
	return &fault.QuietError{
		Text: fmt.Sprintf("softdelete: processor %q did not acknowledge request %s: attempt %d of %d; %s",
			r.Processor, r.RequestID, r.Attempts, mostAttempts, next),
		Cause: cause,
	}
}

// backoff is how long a delivery waits after so many attempts.
func backoff(attempts int) time.Duration {
	wait := deliveryLease
	for range attempts - 1 {
		if wait *= 2; wait >= longestBackoff {
			return longestBackoff
		}
	}
	return wait
}
