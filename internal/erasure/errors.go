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
	if _, kept := errors.AsType[*fault.Kept](err); kept {
		return err
	}
	v := violation{tx.Dialect.Violation(err)}
	text := fmt.Sprintf("softdelete: %s table %s failed", doing, table) + v.sentence(x.columnsViolated(v, table), strings.HasPrefix(doing, "deleting rows"))
	code, cause := withoutRows(tx.Dialect, err)
	if why := unfit(tx, err); why != "" && v.Kind == dialect.NoConstraint && strings.HasPrefix(doing, masking) {
		text += ": " + why
		if code == "" { // a driver's or database/sql's own, which quote the value
			cause = errUnfit
		}
	}
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
	if failed, lacks := errors.AsType[*statement.Failed](err); lacks {
		cause = failed.Because(cause)
	}
	return &fault.QuietError{Text: text + "; " + x.nothingErased(), Cause: cause}
}

// masking begins what an erasure does where it masks.
const masking = "masking"

// errUnfit stands for an error that tells of one value.
var errUnfit = errors.New("softdelete: a value does not fit")

// unfit says what to do about an error that tells of a value which is none of its column's or its field's type; empty for others.
func unfit(tx statement.Session, err error) string {
	switch {
	case tx.Dialect.Misfit(err):
		return "the column cannot hold what its mask writes; give the column the type of its field, or the field a pii tag whose values fit"
	case strings.Contains(err.Error(), "sql: Scan error"):
		return "what the column has cannot be read into its field; give the field a type that can hold it"
	}
	return ""
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
