package softdelete

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
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
	subject, err := subjectOf(db, models[i], entry.Key)
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

// subjectOf is a value of the model with a key that was written as text.
func subjectOf(db *gorm.DB, p *policy, key string) (any, error) {
	fields := p.schema.PrimaryFields
	parts := []string{key}
	if len(fields) > 1 {
		parts = strings.Split(key, ",")
	}
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("%w: the key %s is not one of table %s", ErrUnsupported, key, p.schema.Table)
	}
	subject := reflect.New(p.schema.ModelType)
	for i, field := range fields {
		if err := field.Set(db.Statement.Context, subject.Elem(), parts[i]); err != nil {
			return nil, fmt.Errorf("%w: the key %s is not one of table %s", ErrUnsupported, key, p.schema.Table)
		}
	}
	return subject.Interface(), nil
}
