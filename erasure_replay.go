package softdelete

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room does erasures again after an older copy of the database has come back.

// ReplayReport counts what became of the erasures in a ledger.
type ReplayReport struct {
	Replayed      int // erased again
	AlreadyErased int // still erased
	NotFound      int // the subject's row is not there, or another one has its key
}

// ReplayErasures does those erasures of a ledger again that the database does not know: run it after an older copy of the
// database has come back, before anyone uses it. Only erasures that had been done are repeated, under their request IDs, so
// that third parties are told again under the same ones. A row that was made later and has got the key of an erased one
// is left alone. Running it twice is harmless. An error for one subject does not keep it from the others.
func ReplayErasures(db *gorm.DB, l ErasureLedger) (ReplayReport, error) {
	var report ReplayReport
	e, err := engineOf(db)
	if err != nil {
		return report, err
	}
	if err := e.needErasureTables(onWriter(db)); err != nil {
		return report, err
	}
	entries, err := l.Entries(db.Statement.Context)
	if err != nil {
		return report, fmt.Errorf("softdelete: the erasure ledger cannot be read: %w", err)
	}
	var problems []error
	seen := map[string]bool{}
	for _, entry := range entries {
		if !entry.Done || seen[entry.RequestID] {
			continue
		}
		seen[entry.RequestID] = true
		if err := e.replay(db, entry, &report); err != nil {
			problems = append(problems, fmt.Errorf("softdelete: replaying request %s: %w", entry.RequestID, err))
		}
	}
	return report, errors.Join(problems...)
}

func (e *engine) replay(db *gorm.DB, entry LedgerEntry, report *ReplayReport) error {
	models, err := e.models(db)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(models, func(p *policy) bool { return p.schema.Table == entry.Table })
	if i < 0 {
		return fmt.Errorf("%w: no model of Config.Models has the table %s", ErrUnsupported, entry.Table)
	}
	subject, err := subjectOf(db, models[i], entry)
	if err != nil {
		return err
	}
	x, err := newErasure(db, subject, "ReplayErasures")
	if err != nil {
		return err
	}
	x.request.ID, x.replaying = entry.RequestID, true
	x.preview = true // only looking, so far
	found, err := x.findSubject(onWriter(db))
	if err != nil {
		return err
	}
	c, err := e.certificateOf(onWriter(db), entry.RequestID)
	switch {
	case err != nil:
		return err
	case c != nil:
		report.AlreadyErased++
		return nil
	case !found || x.identity() != entry.Identity:
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

// subjectOf is a value of the model with the key that an entry has. One without Parts is read by its text, which is enough for
// numbers, texts and UUIDs.
func subjectOf(db *gorm.DB, p *policy, entry LedgerEntry) (any, error) {
	parts := entry.Parts
	if parts == "" {
		texts, ok := splitKey(entry.Key, len(p.schema.PrimaryFields))
		if !ok {
			return nil, fmt.Errorf("%w: the key %s is not one of table %s", ErrUnsupported, entry.Key, p.schema.Table)
		}
		key := make([]any, len(texts))
		for i, field := range p.schema.PrimaryFields {
			if field.GORMDataType == schema.Time || field.GORMDataType == schema.Bytes {
				return nil, fmt.Errorf("%w: the ledger has the key %s of table %s as text only, which does not say it exactly; "+
					"let the ledger keep LedgerEntry.Parts", ErrUnsupported, entry.Key, p.schema.Table)
			}
			key[i] = texts[i]
		}
		var err error
		if parts, err = keyParts(key); err != nil {
			return nil, err
		}
	}
	subject, _, err := readKey(db.Statement.Context, p.schema, parts)
	if err != nil {
		return nil, fmt.Errorf("%w: the key %s is not one of table %s", ErrUnsupported, entry.Key, p.schema.Table)
	}
	return subject.Interface(), nil
}
