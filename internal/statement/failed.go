package statement

import (
	"regexp"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is for statements that do not find the tables as the models have them. What a database says of that names an alias of the
// plugin's, or a table that the caller's code never mentions; with the statement's text it can be told which model is meant.

// Failed is the error of a statement of the plugin's own that lacks a table, a column or a privilege.
type Failed struct {
	Missing dialect.Missing
	SQL     string
	said    string // by the database
	cause   error
}

// Error is the database's own.
func (e *Failed) Error() string { return e.cause.Error() }

// Unwrap gives the database's error.
func (e *Failed) Unwrap() error { return e.cause }

// Because is the same with another error in the place of the database's.
func (e *Failed) Because(cause error) *Failed { return &Failed{e.Missing, e.SQL, e.said, cause} }

// Names tells whether the database's text has a name as a word of its own, in whatever language it is.
func (e *Failed) Names(name string) bool {
	return regexp.MustCompile(`(?:^|\W)` + regexp.QuoteMeta(name) + `(?:\W|$)`).MatchString(e.said)
}

// Needs lists the privileges on a table, quoted, that the statement needs.
func (e *Failed) Needs(table string, d *dialect.Dialect) []string {
	needs := Privileges[:1]
	for i, words := range []string{"INSERT INTO ", "UPDATE ", "DELETE FROM "} {
		if privilege := Privileges[i+1]; strings.Contains(e.SQL, words+table) || privilege == "UPDATE" && d.Locks(e.SQL) {
			needs = append(needs[:len(needs):len(needs)], privilege)
		}
	}
	return needs
}

// Privileges are those that statements need, in the order in which they are named.
var Privileges = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// FailedIn lists the statements that failed so, of an error and all that it wraps or joins, but for what was explained already.
func FailedIn(err error) (list []*Failed) {
	switch e := err.(type) {
	case *fault.Lacking:
		return nil
	case *Failed:
		return []*Failed{e}
	case interface{ Unwrap() error }:
		return FailedIn(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, joined := range e.Unwrap() {
			list = append(list, FailedIn(joined)...)
		}
	}
	return list
}

// run runs the statement through one of GORM's chains. Its text is gone afterwards.
func (q *Query) run(chain interface{ Execute(db *gorm.DB) *gorm.DB }) error {
	q.leaveUnread()
	text := q.Stmt.SQL.String()
	if deep := q.Dialect.Deep(text); deep != text {
		q.Stmt.SQL.Reset()
		q.Text(deep)
	}
	chain.Execute(q.Tx)
	return failed(q.Dialect, q.Tx.Error, text)
}

// failed gives the error of a statement with a text, as a Failed where it is one.
func failed(d *dialect.Dialect, err error, text string) error {
	if err == nil {
		return nil
	}
	if missing := d.Missing(err); missing != dialect.MissingNothing {
		return &Failed{missing, text, err.Error(), err}
	}
	return err
}
