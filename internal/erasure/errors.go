package erasure

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// quiet is an error without the database's own text. GORM's sentinels can be found in it, whether the caller translates errors
// or not.
func (x *call) quiet(tx statement.Session, err error, doing, table string) error {
	if err == nil {
		return nil
	}
	for _, ours := range []error{fault.ErrPolicy, fault.ErrNeverDelete, fault.ErrTooManyRows, fault.ErrHeld, fault.ErrUnsupported} {
		if errors.Is(err, ours) {
			return err
		}
	}
	v := violation{tx.Dialect.Violation(err)}
	text := fmt.Sprintf("softdelete: %s table %s failed", doing, table) + v.sentence(x.columnsViolated(v, table), strings.HasPrefix(doing, "deleting rows"))
	code, cause := withoutRows(tx.Dialect, err)
	if code != "" {
		text += ", " + code
	}
	if v.Kind == dialect.CheckConstraint && !errors.Is(cause, gorm.ErrCheckConstraintViolated) {
		cause = errors.Join(gorm.ErrCheckConstraintViolated, cause)
	}
	if translator, ok := tx.Dialector.(gorm.ErrorTranslator); ok {
		if translated := translator.Translate(cause); translated != nil && !errors.Is(cause, translated) {
			cause = errors.Join(translated, cause)
		}
	}
	return &fault.QuietError{Text: text + "; " + x.nothingErased(), Cause: cause}
}

// nothingErased ends the error of a transaction that changes nothing.
func (x *call) nothingErased() string {
	switch {
	case x.rewriting:
		return "the database is as it was"
	case x.progress != nil:
		return "nothing more was erased"
	}
	return "nothing was erased"
}
