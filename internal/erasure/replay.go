package erasure

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room does erasures again after an older copy of the database has come back.

// ReplayReport counts what became of the erasures in a ledger.
type ReplayReport struct {
	Replayed      int // erased again
	AlreadyErased int // still erased
	NotFound      int // the subject's row is not there, or another one has its key
	Unfinished    int // begun, and never marked as done
}

// Replay does those erasures of a ledger again that the database does not know.
func (e *Eraser) Replay(db *gorm.DB, l certificate.ErasureLedger) (ReplayReport, error) {
	var report ReplayReport
	if err := e.Records.Need(e.Session(statement.OnWriter(db))); err != nil {
		return report, err
	}
	entries, err := l.Entries(db.Statement.Context)
	if err != nil {
		return report, fmt.Errorf("softdelete: the erasure ledger cannot be read, nothing was replayed: %w", err)
	}
	var problems []error
	seen := map[string]bool{}
	for _, entry := range entries {
		seen[entry.RequestID] = seen[entry.RequestID] || entry.Done
	}
	for _, entry := range entries {
		if done, left := seen[entry.RequestID]; !left || done && !entry.Done {
			continue
		}
		delete(seen, entry.RequestID)
		if !entry.Done {
			if err := e.countUnfinished(db, entry, &report); err != nil {
				problems = append(problems, err)
			}
			continue
		}
		if err := e.replay(db, entry, &report); err != nil {
			problems = append(problems, fmt.Errorf("softdelete: replaying request %s: %w", entry.RequestID, err))
		}
	}
	return report, errors.Join(problems...)
}

// countUnfinished counts an erasure that was begun and never marked as done. It is not repeated: nobody knows whether it was
// committed, but where the database has its certificate.
func (e *Eraser) countUnfinished(db *gorm.DB, entry certificate.LedgerEntry, report *ReplayReport) error {
	c, err := certificate.Of(e.Session(statement.OnWriter(db)), entry.RequestID)
	if c != nil {
		report.AlreadyErased++
	} else if err == nil {
		report.Unfinished++
	}
	return err
}

func (e *Eraser) replay(db *gorm.DB, entry certificate.LedgerEntry, report *ReplayReport) error {
	models, err := e.Models(db)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(models, func(p *policy.Policy) bool { return p.Table == entry.Table })
	if i < 0 {
		return fmt.Errorf("%w: no model of Config.Models has the table %s; name its model there, and replay again", fault.ErrUnsupported, entry.Table)
	}
	subject, err := subjectOf(db, e.Dialect, models[i], entry)
	if err != nil {
		return err
	}
	x, err := e.begin(db, subject, "ReplayErasures")
	if err != nil {
		return err
	}
	x.request.ID, x.replaying = entry.RequestID, true
	x.preview = true // only looking, so far
	found, err := x.reach.findSubject(e.Session(statement.OnWriter(db)))
	if err != nil {
		return err
	}
	c, err := certificate.Of(e.Session(statement.OnWriter(db)), entry.RequestID)
	switch {
	case err != nil:
		return err
	case c != nil:
		report.AlreadyErased++
		return nil
	case !found || !x.identifies(entry.Identity):
		report.NotFound++
		return nil
	}
	x.preview = false
	if _, err := x.run(db); err != nil {
		return err
	}
	report.Replayed++
	return nil
}

// subjectOf is a value of the model with the key that an entry has. Earlier versions wrote the key exactly into Parts, and into
// Key what is enough for numbers, texts and UUIDs.
func subjectOf(db *gorm.DB, d *dialect.Dialect, p *policy.Policy, entry certificate.LedgerEntry) (any, error) {
	ctx := db.Statement.Context
	if entry.Parts != "" {
		if subject, _, err := rowkey.ReadParts(ctx, p.Schema, entry.Parts); err == nil {
			return subject.Interface(), nil
		}
	}
	key := rowkey.Of(d, p.Schema.PrimaryFields)
	subject, values, err := key.Read(ctx, entry.Key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the key %s is not one of table %s; the ledger is another database's, or the key has got another type: replay with the model as it was",
			fault.ErrUnsupported, entry.Key, p.Table)
	case key.Exact(values) != entry.Key:
		return nil, fmt.Errorf("%w: the ledger has the key %s of table %s as a text that does not say it exactly; "+
			"let the ledger keep LedgerEntry.Parts", fault.ErrUnsupported, entry.Key, p.Table)
	}
	return subject.Interface(), nil
}
