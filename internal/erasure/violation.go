package erasure

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room reads what a database says of a constraint that refused an erasure: names only. What databases and drivers add, the
// row that failed and the value that was wrong, is personal data.

// The kinds of constraints, as errors call them.
const (
	checkViolated   = "the CHECK constraint"
	foreignViolated = "the foreign key"
	uniqueViolated  = "the unique index"
	nullViolated    = "NOT NULL"
)

// violation is a constraint that refused. Names are empty where the database does not tell them.
type violation struct{ kind, name, column string }

// violated are the kinds by SQLSTATE and by the words of SQLite.
var violated = map[string]string{
	"23514": checkViolated, "23503": foreignViolated, "23505": uniqueViolated, "23502": nullViolated,
	"CHECK": checkViolated, "FOREIGN KEY": foreignViolated, "UNIQUE": uniqueViolated, "NOT NULL": nullViolated,
}

// sqliteViolation is how SQLite tells of a constraint. What follows is the name of one, or columns with their tables; the
// expression of a constraint without a name is left out.
var sqliteViolation = regexp.MustCompile(`(?m)(CHECK|FOREIGN KEY|UNIQUE|NOT NULL) constraint failed(?:: (\w+)(?:\.(\w+))?(?: \(\d+\))?$)?`)

// databaseError is an error that the server itself has given.
type databaseError interface {
	error
	SQLState() string
}

func violationOf(err error) violation {
	var server databaseError
	if errors.As(err, &server) {
		v := violation{kind: violated[server.SQLState()]}
		fields := reflect.Indirect(reflect.ValueOf(server))
		if v.kind != "" && fields.Kind() == reflect.Struct {
			v.name, v.column = stringField(fields, "ConstraintName", "Constraint"), stringField(fields, "ColumnName", "Column")
		}
		return v
	}
	match := sqliteViolation.FindStringSubmatch(err.Error())
	if match == nil {
		return violation{}
	}
	v := violation{kind: violated[match[1]]}
	switch v.kind {
	case checkViolated:
		v.name = match[2]
	case nullViolated, uniqueViolated:
		v.column = match[3]
	}
	return v
}

func stringField(fields reflect.Value, names ...string) string {
	for _, name := range names {
		if field := fields.FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
			return field.String()
		}
	}
	return ""
}

// sentence says what refused, and what to do.
func (v violation) sentence(columns []string, deleting bool) string {
	if v.kind == "" {
		return ""
	}
	text := ": " + v.kind
	if v.name != "" {
		text += " " + v.name
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
	switch v.kind {
	case uniqueViolated:
		return text + "; another row has that value, give the column a pii tag with {random}"
	case foreignViolated:
		return text + "; give the column pii:\"null\", or a masker that gives the key of a row that is there"
	}
	return text + "; give the column a pii tag whose value the constraint takes, or change the constraint"
}

// columnsViolated lists the masked columns of a table that a violation may speak of.
func (x *call) columnsViolated(v violation, table string) (columns []string) {
	if v.kind == "" || v.column != "" {
		return slices.DeleteFunc([]string{v.column}, func(column string) bool { return column == "" })
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
	switch v.kind {
	case checkViolated:
		check, known := s.ParseCheckConstraints()[v.name]
		return known && strings.Contains(strings.ToLower(check.Constraint), strings.ToLower(field.DBName))
	case foreignViolated:
		reference := pii.ReferenceOf(s, field)
		return reference != nil && (v.name == "" || v.name == reference.Name)
	}
	return false
}

// withoutRows is the SQLSTATE of an error, and the error without what the server told of rows and values. Others stay as they are.
func withoutRows(err error) (state string, cause error) {
	var server databaseError
	if !errors.As(err, &server) {
		return "", err
	}
	state = server.SQLState()
	bare := errors.New("the database refused, SQLSTATE " + state)
	if value := reflect.ValueOf(server); value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Struct {
		copied := reflect.New(value.Elem().Type())
		copied.Elem().Set(value.Elem())
		for _, name := range []string{"Message", "Detail", "Hint", "Where", "InternalQuery"} {
			if field := copied.Elem().FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
				field.SetString("")
			}
		}
		bare = copied.Interface().(error)
	}
	for _, kept := range []error{
		context.Canceled, context.DeadlineExceeded, gorm.ErrDuplicatedKey, gorm.ErrForeignKeyViolated, gorm.ErrCheckConstraintViolated,
	} {
		if errors.Is(err, kept) {
			bare = errors.Join(bare, kept)
		}
	}
	return state, bare
}
