package dialect

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// This room reads MySQL's errors. Their messages have the values that were wrong.

// mysqlError is what the server has said. The driver's own type is found by its name and its fields: it has no methods that say them.
type mysqlError struct {
	number  uint64
	state   string
	message string
	whole   reflect.Value
}

// asMySQL finds the server's error in a chain.
func asMySQL(err error) (found mysqlError, ok bool) {
	for err != nil {
		if fields := reflect.Indirect(reflect.ValueOf(err)); fields.Kind() == reflect.Struct && fields.Type().Name() == "MySQLError" {
			number, message := fields.FieldByName("Number"), fields.FieldByName("Message")
			if number.IsValid() && number.CanUint() && message.Kind() == reflect.String {
				found = mysqlError{number: number.Uint(), message: message.String(), whole: fields}
				if state, is := fields.FieldByName("SQLState").Interface().([5]byte); is {
					found.state = strings.Trim(string(state[:]), "\x00")
				}
				return found, true
			}
		}
		if several, is := err.(interface{ Unwrap() []error }); is {
			for _, one := range several.Unwrap() {
				if found, ok = asMySQL(one); ok {
					return found, true
				}
			}
			return found, false
		}
		err = errors.Unwrap(err)
	}
	return found, false
}

// Numbers of errors (https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-codes/).
var (
	mysqlConstraints = map[uint64]Constraint{
		1062: UniqueIndex, 1169: UniqueIndex, 1586: UniqueIndex,
		1216: ForeignKey, 1217: ForeignKey, 1451: ForeignKey, 1452: ForeignKey,
		1048: NotNull, 1364: NotNull,
		3819: CheckConstraint, 4025: CheckConstraint,
	}
	mysqlMissing = map[uint64]Missing{
		1044: MissingPrivilege, 1142: MissingPrivilege, 1143: MissingPrivilege, 1227: MissingPrivilege, 1370: MissingPrivilege,
		1146: MissingTable, 1054: MissingColumn, 1175: MissingSetting, 1792: MissingSetting,
	}
	// mysqlOtherColumns are of a column that is not there, of a number of columns, and of a UNION whose parts have not as many.
	mysqlOtherColumns = map[uint64]bool{1054: true, 1136: true, 1222: true}
	// mysqlMisfits are of values that are out of range, cut, of another form, or too long; of NULL and of checks.
	mysqlMisfits = map[uint64]bool{
		1048: true, 1264: true, 1265: true, 1292: true, 1366: true, 1406: true, 1411: true, 1690: true, 3140: true, 3819: true, 4025: true,
	}

	mysqlKeyName    = regexp.MustCompile(`for key '(?:[^']*\.)?([^'.]+)'$`)
	mysqlConstraint = regexp.MustCompile("CONSTRAINT `([^`]+)`")
	mysqlCheck      = regexp.MustCompile("(?:CONSTRAINT `|[Cc]heck constraint ')([^'`]+)['`]")
	mysqlColumn     = regexp.MustCompile(`^(?:Column|Field) '(?:[^']*\.)?([^'.]+)' `)
	mysqlOtherType  = regexp.MustCompile(`^Incorrect (\w+) value: `)
)

var mysqlRefusals = refusals{
	remedy: mysqlRemedy,
	missing: func(err error) Missing {
		found, _ := asMySQL(err)
		return mysqlMissing[found.number]
	},
	columns: func(err error) bool {
		found, _ := asMySQL(err)
		return mysqlOtherColumns[found.number]
	},
	taken: func(err error) bool {
		found, _ := asMySQL(err)
		return found.number == 1205 || found.number == 3572 // MariaDB's number and MySQL's
	},
	there: func(err error) bool {
		found, _ := asMySQL(err)
		return found.number == 1050
	},
	outdated: func(err error) bool {
		found, _ := asMySQL(err)
		return found.number == 1615 // the statement needs to be prepared anew
	},
	aborted: func(error) bool { return false },
	ends: func(err error) bool {
		found, _ := asMySQL(err)
		return found.number == 1213 || found.number == 1020 // a deadlock, and a row that another has changed since the snapshot
	},
	misfit: func(err error) bool {
		found, _ := asMySQL(err)
		return mysqlMisfits[found.number]
	},
	otherType: func(err error) string {
		found, ok := asMySQL(err)
		if match := mysqlOtherType.FindStringSubmatch(found.message); ok && match != nil {
			return match[1]
		}
		return ""
	},
	violation: func(err error) Violation {
		found, _ := asMySQL(err)
		v := Violation{Kind: mysqlConstraints[found.number]}
		switch v.Kind {
		case UniqueIndex:
			v.Name = firstMatch(mysqlKeyName, found.message)
		case ForeignKey:
			v.Name = firstMatch(mysqlConstraint, found.message)
		case CheckConstraint:
			v.Name = firstMatch(mysqlCheck, found.message)
		case NotNull:
			v.Column = firstMatch(mysqlColumn, found.message)
		}
		return v
	},
	withoutRows: func(err error) (code string, bare error) {
		found, ok := asMySQL(err)
		if !ok {
			return "", err
		}
		code = fmt.Sprintf("error %d", found.number)
		if found.state != "" {
			code += " (SQLSTATE " + found.state + ")"
		}
		copied := reflect.New(found.whole.Type())
		copied.Elem().Set(found.whole)
		copied.Elem().FieldByName("Message").SetString("")
		if bare, ok = copied.Interface().(error); ok {
			return code, bare
		}
		return code, errors.New("the database refused, " + code)
	},
}

// firstMatch is the first group of a pattern in a text; empty where it does not match.
func firstMatch(pattern *regexp.Regexp, text string) string {
	if match := pattern.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

// mysqlRemedy reads refusals of what a user may do in a database or on the server.
func mysqlRemedy(sql string, err error) string {
	found, _ := asMySQL(err)
	switch {
	case found.number == 1044 && strings.HasPrefix(sql, "CREATE TEMPORARY TABLE "):
		return "the database user may make no temporary tables, in which softdelete keeps the keys of rows; GRANT CREATE TEMPORARY TABLES ON the database to it"
	case found.number == 1142 && strings.HasPrefix(found.message, "TRIGGER "):
		return "the database user may make no triggers, which write events; GRANT TRIGGER ON the database to it, or let an administrator run the " +
			"statements of softdelete.DDL"
	case found.number == 1175:
		return "the session refuses updates that find their rows by those of another table, as deletions and restores do; SET sql_safe_updates = 0, or " +
			"sql_safe_updates=0 in the DSN"
	case found.number == 1792:
		return "the transaction is read-only; begin one that writes"
	case found.number == 1419:
		return "the server has a binary log, and lets only administrators make triggers, which write events; set log_bin_trust_function_creators=1, or let " +
			"an administrator run the statements of softdelete.DDL"
	}
	return ""
}
