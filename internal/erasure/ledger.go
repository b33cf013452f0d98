package erasure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// identity tells a subject's row from another that has the same key.
func (x *erasure) identity() string { return x.identityBy(x.text) }

func (x *erasure) identityBy(key string) string {
	return erasedrow.HashOf(fmt.Sprintf("%s\x00%s\x00%d", x.root.Table, key, x.reach.row.Created))
}

// identifies tells whether an identity is that of the subject's row, as it is now or was in the ledgers of earlier versions.
func (x *erasure) identifies(identity string) bool {
	if identity == x.identity() {
		return true
	}
	parts, err := rowkey.EarlierParts(x.key)
	return err == nil && identity == x.identityBy(parts)
}

// checkLedger refuses what a ledger cannot keep true.
func (x *erasure) checkLedger(db *gorm.DB) error {
	if committer, ok := db.Statement.ConnPool.(gorm.TxCommitter); ok && committer != nil {
		return fmt.Errorf("%w: an erasure inside a transaction of the caller's, with Config.ErasureLedger: it cannot know when that commits; "+
			"call Erase outside of it", fault.ErrUnsupported)
	}
	if policy.Creation(x.root.Schema) == nil {
		return fmt.Errorf("%w: Config.ErasureLedger needs to tell %s rows with the same key apart; give the model a CreatedAt field",
			fault.ErrUnsupported, x.root.Schema.Name)
	}
	return nil
}

// entry is a line of the ledger. Where earlier versions have the same text for the key, they can replay it: one of them may still
// run, or run again.
func (x *erasure) entry(done bool, at time.Time) certificate.LedgerEntry {
	e := certificate.LedgerEntry{
		RequestID: x.request.ID, Table: x.root.Table, Key: x.text, Identity: x.identity(), Done: done,
		At: at.UTC().Truncate(time.Microsecond),
	}
	if parts, err := rowkey.EarlierParts(x.key); err == nil && rowkey.EarlierText(x.key) == x.text {
		e.Parts, e.Identity = parts, x.identityBy(parts)
	}
	return e
}

// announce writes to the ledger, before the commit, that the erasure is about to be done.
func (x *erasure) announce(tx statement.Session) error {
	ledger := x.eraser.Ledger
	if ledger == nil || x.replaying || x.announced {
		return nil
	}
	x.announced = true
	if err := ledger.Append(tx.Statement.Context, x.entry(false, tx.NowFunc())); err != nil {
		return fmt.Errorf("softdelete: the erasure ledger cannot be written, nothing was erased; mend that, and erase again: %w", err)
	}
	return nil
}

// markDone writes to the ledger, after the commit, that the erasure is done. A request that was done before is marked where a
// crash has kept it from being.
func (x *erasure) markDone(db *gorm.DB, c *certificate.Certificate, fresh bool) error {
	ledger := x.eraser.Ledger
	ctx := context.WithoutCancel(db.Statement.Context) // the erasure has happened
	entry := x.entry(true, c.ErasedAt)
	if !fresh {
		entries, err := ledger.Entries(ctx)
		if err != nil {
			return err
		}
		begun := slices.IndexFunc(entries, func(e certificate.LedgerEntry) bool { return e.RequestID == x.request.ID && !e.Done })
		if begun < 0 || slices.ContainsFunc(entries, func(e certificate.LedgerEntry) bool { return e.RequestID == x.request.ID && e.Done }) {
			return nil
		}
		entry.Parts, entry.Identity = entries[begun].Parts, entries[begun].Identity // the subject's row may be gone by now
	}
	return ledger.Append(ctx, entry)
}

// tellOthers writes the outbox rows of the erasure.
func (x *erasure) tellOthers(tx statement.Session) error {
	now := tx.NowFunc().UTC()
	var rows []certificate.OutboxRow
	for _, p := range x.eraser.Chain.Processors {
		name, err := certificate.ProcessorName(p)
		if err != nil {
			return err
		}
		rows = append(rows, certificate.OutboxRow{
			RequestID: x.request.ID, Processor: name, SubjectTable: x.root.Table, SubjectKey: x.text, NextAt: now,
		})
	}
	if len(rows) == 0 {
		return nil
	}
	return x.quiet(tx, certificate.OutboxTable.Insert(tx, rows...), "writing the outbox", certificate.OutboxTable.Name())
}
