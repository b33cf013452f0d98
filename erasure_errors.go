package softdelete

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// This room keeps personal values out of the errors of an erasure.

// quietError is an error whose text leaves out that of its cause, which may quote a row's values. errors.Is and errors.As find
// the cause.
type quietError struct {
	text  string
	cause error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.cause }

// quiet is an error without the database's own text. GORM's sentinels can be found in it, whether the caller translates errors
// or not.
func (x *erasure) quiet(tx *gorm.DB, err error, doing, table string) error {
	if err == nil {
		return nil
	}
	for _, ours := range []error{ErrPolicy, ErrNeverDelete, ErrTooManyRows, ErrHeld, ErrUnsupported} {
		if errors.Is(err, ours) {
			return err
		}
	}
	v := violationOf(err)
	text := fmt.Sprintf("softdelete: %s table %s failed", doing, table) + v.sentence(x.columnsViolated(v, table), strings.HasPrefix(doing, "deleting rows"))
	state, cause := withoutRows(err)
	if state != "" {
		text += ", SQLSTATE " + state
	}
	if v.kind == checkViolated && !errors.Is(cause, gorm.ErrCheckConstraintViolated) {
		cause = errors.Join(gorm.ErrCheckConstraintViolated, cause)
	}
	if translator, ok := tx.Dialector.(gorm.ErrorTranslator); ok {
		if translated := translator.Translate(cause); translated != nil && !errors.Is(cause, translated) {
			cause = errors.Join(translated, cause)
		}
	}
	return &quietError{text: text + "; " + x.nothingErased(), cause: cause}
}

// nothingErased ends the error of a transaction that changes nothing.
func (x *erasure) nothingErased() string {
	switch {
	case x.cold != nil && x.cold.rewriting:
		return "the database is as it was"
	case x.progress != nil:
		return "nothing more was erased"
	}
	return "nothing was erased"
}
