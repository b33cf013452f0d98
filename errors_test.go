package softdelete_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/stretchr/testify/require"
)

// fieldErrors is an error that cannot be compared, as those of validators are.
type fieldErrors []string

func (e fieldErrors) Error() string { return fmt.Sprint([]string(e)) }

// marked is an error of an application around another.
type marked struct{ cause error }

func (e *marked) Error() string { return "marked: " + e.cause.Error() }
func (e *marked) Unwrap() error { return e.cause }

func TestErrorsGoOutAsTheTypesOfTheFace(t *testing.T) {
	cause := errors.New("of the database")
	blocked := &fault.Blocked{Blockers: []fault.Blocker{{Table: "posts", Relation: "Posts", Rows: 2, Keys: []string{"1", "2"}}}, Cause: cause}
	conflict := &fault.Conflict{Index: "i", Columns: []string{"a", "b"}, LiveKeys: []string{"3"}, Cause: cause, Building: true}
	around := &marked{cause: fmt.Errorf("inside: %w", conflict)}
	for name, err := range map[string]error{
		"plain":   blocked,
		"other":   conflict,
		"wrapped": fmt.Errorf("around: %w", blocked),
		"twice":   fmt.Errorf("around: %w", fmt.Errorf("around: %w", conflict)),
		"joined":  errors.Join(errors.New("first"), blocked, fmt.Errorf("third: %w", conflict)),
		"marked":  around,
		"mixed":   fmt.Errorf("%w and %w, %w", fieldErrors{"x"}, around, blocked),
	} {
		t.Run(name, func(t *testing.T) {
			turned := softdelete.Outward(err)
			require.Equal(t, err.Error(), turned.Error())
			require.ErrorIs(t, turned, cause)
			for _, sentinel := range []error{softdelete.ErrBlocked, softdelete.ErrRestoreConflict} {
				require.Equal(t, errors.Is(err, sentinel), errors.Is(turned, sentinel))
			}
			var outer *softdelete.BlockedError
			if errors.As(turned, &outer) {
				require.Equal(t, &softdelete.BlockedError{
					Blockers: []softdelete.Blocker{{Table: "posts", Relation: "Posts", Rows: 2, Keys: []string{"1", "2"}}}, Cause: cause,
				}, outer)
			}
			require.Equal(t, errors.Is(err, softdelete.ErrBlocked), outer != nil)
			var refused *softdelete.ConflictError
			require.Equal(t, errors.Is(err, softdelete.ErrRestoreConflict), errors.As(turned, &refused))
			if refused != nil {
				require.Equal(t, conflict.Error(), refused.Error())
				require.Equal(t, conflict.Columns, refused.Columns)
				require.Equal(t, conflict.LiveKeys, refused.LiveKeys)
			}
			require.Same(t, turned, softdelete.Outward(turned), "nothing is left to turn")
		})
	}
	t.Run("the errors around stay what they are", func(t *testing.T) {
		turned := softdelete.Outward(fmt.Errorf("%w and %w", around, fieldErrors{"x"}))
		var mark *marked
		require.ErrorAs(t, turned, &mark)
		require.Same(t, around, mark)
		require.ErrorIs(t, turned, around)
		var fields fieldErrors
		require.ErrorAs(t, turned, &fields)
	})
	t.Run("errors of others stay as they are", func(t *testing.T) {
		require.NoError(t, softdelete.Outward(nil))
		for _, err := range []error{cause, fmt.Errorf("around: %w", cause), errors.Join(cause, cause)} {
			require.Same(t, err, softdelete.Outward(err))
		}
		require.Equal(t, fieldErrors{"x"}, softdelete.Outward(fieldErrors{"x"}))
		require.Equal(t, errors.Join(fieldErrors{"x"}), softdelete.Outward(errors.Join(fieldErrors{"x"})))
	})
}
