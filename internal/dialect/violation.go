package dialect

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
)

// This room reads what a database says of a constraint that refused: names only. What databases and drivers add, the row that
// failed and the value that was wrong, may be personal data.

// Constraint is a kind of constraint.
type Constraint int

// The kinds of constraints.
const (
	NoConstraint Constraint = iota
	CheckConstraint
	ForeignKey
	UniqueIndex
	NotNull
	Exclusion
)

// Violation is a constraint that refused a write. Names are empty where the database does not tell them.
type Violation struct {
	Kind         Constraint
	Name, Column string
}

// Violation reads which constraint an error speaks of; its Kind is NoConstraint where it speaks of none.
func (d *Dialect) Violation(err error) Violation { return d.refusals.violation(err) }

// WithoutRows is an error without what the server told of rows and values, and the server's code for it, with what such codes
// are called. An error that is none of the server's own stays as it is, and has no code.
func (d *Dialect) WithoutRows(err error) (code string, bare error) {
	return d.refusals.withoutRows(err)
}

// OtherType gives the name of the type that does not have a value, where an error speaks of one.
func (d *Dialect) OtherType(err error) string { return d.refusals.otherType(err) }

// Misfit tells whether an error says that a column does not take a value, whatever row it would be written to.
func (d *Dialect) Misfit(err error) bool { return d.refusals.misfit(err) }

// OtherColumns tells whether an error may be one of a table that has other columns than a statement was written for.
func (d *Dialect) OtherColumns(err error) bool { return d.refusals.columns(err) }

// Outdated tells whether an error may be one of a statement that was prepared before the types of its values changed. Drivers prepare it
// anew once they have heard of it.
func (d *Dialect) Outdated(err error) bool { return d.refusals.outdated(err) }

// Taken tells whether an error is that of an InstantLock on what others have locked.
func (d *Dialect) Taken(err error) bool { return d.refusals.taken != nil && d.refusals.taken(err) }

// Aborted tells whether an error says that the transaction takes no more statements, since an earlier one has failed.
func (d *Dialect) Aborted(err error) bool { return d.refusals.aborted(err) }

// Missing is what a statement needs of a table and does not find.
type Missing int

// What a statement may lack.
const (
	MissingNothing Missing = iota
	MissingPrivilege
	MissingTable
	MissingColumn
	// MissingSetting: the session, or the transaction, is set to refuse it.
	MissingSetting
)

// Missing reads from an error what its statement lacks.
func (d *Dialect) Missing(err error) Missing { return d.refusals.missing(err) }

// refusals is how a database's errors are read.
type refusals struct {
	violation   func(err error) Violation
	missing     func(err error) Missing
	columns     func(err error) bool
	outdated    func(err error) bool
	taken       func(err error) bool
	there       func(err error) bool
	aborted     func(err error) bool
	ends        func(err error) bool
	withoutRows func(err error) (code string, bare error)
	otherType   func(err error) string
	misfit      func(err error) bool
	// remedy says what a user lacks that is of no table, and what to do; nil where all privileges are of tables.
	remedy func(sql string, err error) string
}

// Remedy says which privilege, of no table, a statement has failed for, and what to do; empty where it has failed for another reason.
func (d *Dialect) Remedy(sql string, err error) string {
	if d.refusals.remedy == nil {
		return ""
	}
	return d.refusals.remedy(sql, err)
}

// postgresError is an error that the server itself has given, as every driver has it.
type postgresError interface {
	error
	SQLState() string
}

// postgresConstraints are the kinds by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html, class 23).
var postgresConstraints = map[string]Constraint{
	"23514": CheckConstraint, "23503": ForeignKey, "23001": ForeignKey, "23505": UniqueIndex, "23502": NotNull,
	"23P01": Exclusion,
}

// postgresMissing are insufficient_privilege, undefined_table and undefined_column.
var postgresMissing = map[string]Missing{"42501": MissingPrivilege, "42P01": MissingTable, "42703": MissingColumn}

// postgresOtherColumns are syntax_error, as which it tells of a UNION of different numbers of columns, undefined_column,
// datatype_mismatch, and what it says of a statement that was prepared before its types changed.
var postgresOtherColumns = map[string]bool{"42601": true, "42703": true, "42804": true, "0A000": true, "XX000": true}

// postgresOutdated are feature_not_supported and datatype_mismatch, as which it tells of a prepared statement whose result has changed,
// and internal_error, as which it tells of one with a type that is not there any more.
var postgresOutdated = map[string]bool{"0A000": true, "42804": true, "XX000": true}

// postgresMisfits are datatype_mismatch, undefined_function, as which it tells of a function that a column's type has not,
// cannot_coerce, not_null_violation and check_violation, which a domain has; and all data exceptions, class 22.
var postgresMisfits = regexp.MustCompile(`^(?:42804|42883|42846|23502|23514|22...)$`)

// notEncoded is how drivers tell of a value that they have no form of for a column's type.
var notEncoded = regexp.MustCompile(`unable to encode|cannot find encode plan`)

// sqliteOtherColumns is how SQLite tells of them.
var sqliteOtherColumns = regexp.MustCompile(`do not have the same number of result columns|no such column|has no column named|has \d+ columns but \d+ values`)

// sqliteMissing is how it tells of what is not there.
var sqliteMissing = regexp.MustCompile(`no such (table|column): |has no column named `)

// otherType is how PostgreSQL tells of a value that a type does not have; the value comes behind the colon.
var otherType = regexp.MustCompile(`invalid input (?:value for enum|syntax for type) "?([^":]+)"?:`)

var postgresRefusals = refusals{
	missing: func(err error) Missing {
		var server postgresError
		if !errors.As(err, &server) {
			return MissingNothing
		}
		missing := postgresMissing[server.SQLState()]
		if fields := reflect.Indirect(reflect.ValueOf(server)); missing == MissingPrivilege && fields.Kind() == reflect.Struct {
			// A policy of row-level security, and a function of anybody's, refuse by the same code. The server's function that compares
			// privileges has its name in every language.
			if routine := stringField(fields, "Routine"); !strings.HasPrefix(routine, "aclcheck") {
				return MissingNothing
			}
		}
		return missing
	},
	columns: func(err error) bool {
		var server postgresError
		return errors.As(err, &server) && postgresOtherColumns[server.SQLState()]
	},
	taken: func(err error) bool {
		var server postgresError
		return errors.As(err, &server) && server.SQLState() == "55P03" // lock_not_available
	},
	outdated: func(err error) bool {
		var server postgresError
		return errors.As(err, &server) && postgresOutdated[server.SQLState()]
	},
	aborted: func(err error) bool {
		var server postgresError
		return errors.As(err, &server) && server.SQLState() == "25P02" // in_failed_sql_transaction
	},
	misfit: func(err error) bool {
		var server postgresError
		if errors.As(err, &server) {
			return postgresMisfits.MatchString(server.SQLState())
		}
		return notEncoded.MatchString(err.Error())
	},
	otherType: func(err error) string {
		var server postgresError
		if !errors.As(err, &server) || !strings.HasPrefix(server.SQLState(), "22") {
			return ""
		}
		if match := otherType.FindStringSubmatch(server.Error()); match != nil {
			return match[1]
		}
		return ""
	},
	violation: func(err error) Violation {
		var server postgresError
		if !errors.As(err, &server) {
			return Violation{}
		}
		v := Violation{Kind: postgresConstraints[server.SQLState()]}
		fields := reflect.Indirect(reflect.ValueOf(server))
		if v.Kind != NoConstraint && fields.Kind() == reflect.Struct {
			v.Name, v.Column = stringField(fields, "ConstraintName", "Constraint"), stringField(fields, "ColumnName", "Column")
		}
		return v
	},
	withoutRows: func(err error) (code string, bare error) {
		var server postgresError
		if !errors.As(err, &server) {
			return "", err
		}
		code = "SQLSTATE " + server.SQLState()
		value := reflect.ValueOf(server)
		if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct {
			return code, errors.New("the database refused, " + code)
		}
		copied := reflect.New(value.Elem().Type())
		copied.Elem().Set(value.Elem())
		for _, name := range []string{"Message", "Detail", "Hint", "Where", "InternalQuery"} {
			if field := copied.Elem().FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
				field.SetString("")
			}
		}
		return code, copied.Interface().(error)
	},
}

func stringField(fields reflect.Value, names ...string) string {
	for _, name := range names {
		if field := fields.FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
			return field.String()
		}
	}
	return ""
}

// sqliteViolation is how SQLite tells of a constraint. What follows is the name of one, or columns with their tables; the
// expression of a constraint without a name is left out.
var sqliteViolation = regexp.MustCompile(`(?m)(CHECK|FOREIGN KEY|UNIQUE|NOT NULL) constraint failed(?:: (\w+)(?:\.(\w+))?(?: \(\d+\))?$)?`)

// sqliteExpressionIndex is how it tells of a unique index on an expression.
var sqliteExpressionIndex = regexp.MustCompile(`UNIQUE constraint failed: index '([^']+)'`)

var sqliteConstraints = map[string]Constraint{
	"CHECK": CheckConstraint, "FOREIGN KEY": ForeignKey, "UNIQUE": UniqueIndex, "NOT NULL": NotNull,
}

var sqliteRefusals = refusals{
	missing: func(err error) Missing {
		switch match := sqliteMissing.FindStringSubmatch(err.Error()); {
		case match == nil:
			return MissingNothing
		case match[1] == "table":
			return MissingTable
		}
		return MissingColumn
	},
	columns:  func(err error) bool { return sqliteOtherColumns.MatchString(err.Error()) },
	outdated: func(error) bool { return false },
	aborted:  func(error) bool { return false },
	violation: func(err error) Violation {
		if match := sqliteExpressionIndex.FindStringSubmatch(err.Error()); match != nil {
			return Violation{Kind: UniqueIndex, Name: match[1]}
		}
		match := sqliteViolation.FindStringSubmatch(err.Error())
		if match == nil {
			return Violation{}
		}
		v := Violation{Kind: sqliteConstraints[match[1]]}
		switch v.Kind {
		case CheckConstraint:
			v.Name = match[2]
		case NotNull, UniqueIndex:
			v.Column = match[3]
		}
		return v
	},
	withoutRows: func(err error) (string, error) { return "", err },
	otherType:   func(error) string { return "" },
	misfit:      func(error) bool { return false },
}
