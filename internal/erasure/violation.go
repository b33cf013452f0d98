package erasure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room says which constraint refused an erasure, and what to do.

// violated is what errors call a constraint.
var violated = map[dialect.Constraint]string{
	dialect.CheckConstraint: "the CHECK constraint", dialect.ForeignKey: "the foreign key",
	dialect.UniqueIndex: "the unique index", dialect.NotNull: "NOT NULL", dialect.Exclusion: "the exclusion constraint",
}

// violation is a constraint that refused.
type violation struct{ dialect.Violation }

// sentence says what refused, and what to do.
func (v violation) sentence(columns []string, deleting bool) string {
	if v.Kind == dialect.NoConstraint {
		return ""
	}
	text := ": " + violated[v.Kind]
	if v.Name != "" {
		text += " " + v.Name
	}
	switch {
	case deleting:
		return text + " refuses that; give the models whose rows refer to these a pii tag, or mask these rows instead of deleting them"
	case len(columns) == 1:
		text += " refuses what is written to the column " + columns[0]
	case len(columns) > 1:
		text += " refuses what is written to one of the columns " + strings.Join(columns, ", ")
	default:
		text += " refuses what is written"
	}
	switch v.Kind {
	case dialect.UniqueIndex, dialect.Exclusion:
		return text + "; another row has that value, give the column a pii tag with {random}"
	case dialect.ForeignKey:
		return text + "; give the column pii:\"null\", or a masker that gives the key of a row that is there"
	}
	return text + "; give the column a pii tag whose value the constraint takes, or change the constraint"
}

// columnsViolated lists the masked columns of a table that a violation may speak of.
func (x *call) columnsViolated(v violation, table string) (columns []string) {
	if v.Kind == dialect.NoConstraint || v.Column != "" {
		return slices.DeleteFunc([]string{v.Column}, func(column string) bool { return column == "" })
	}
	for _, p := range x.reachable() {
		lies := func(t policy.Place) bool { return t.Table() == table }
		if p.Personal == nil || !slices.ContainsFunc(p.Places(), lies) {
			continue
		}
		for _, c := range p.Personal.Masked {
			if v.concerns(p.Schema, c.Field) && !slices.Contains(columns, c.Field.DBName) {
				columns = append(columns, c.Field.DBName)
			}
		}
		break
	}
	return columns
}

// concerns tells whether the constraint is one of the schema that speaks of the field.
func (v violation) concerns(s *schema.Schema, field *schema.Field) bool {
	switch v.Kind {
	case dialect.CheckConstraint:
		check, known := s.ParseCheckConstraints()[v.Name]
		return known && strings.Contains(strings.ToLower(check.Constraint), strings.ToLower(field.DBName))
	case dialect.ForeignKey:
		reference := pii.ReferenceOf(s, field)
		return reference != nil && (v.Name == "" || v.Name == reference.Name)
	}
	return false
}

// withoutRows is the database's code of an error, and the error without what the server told of rows and values. Others stay as
// they are.
func withoutRows(d *dialect.Dialect, err error) (code string, cause error) {
	code, cause = d.WithoutRows(err)
	if code == "" {
		return "", err
	}
	for _, kept := range []error{
		context.Canceled, context.DeadlineExceeded, gorm.ErrDuplicatedKey, gorm.ErrForeignKeyViolated, gorm.ErrCheckConstraintViolated,
	} {
		if errors.Is(err, kept) {
			cause = errors.Join(cause, kept)
		}
	}
	return code, cause
}
