package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room makes one script of the statements of a migration, in the form that a tool reads.

// Format is a form of scripts, as the root's ScriptFormat is.
type Format int

// The forms.
const (
	Plain Format = iota
	Goose
	GolangMigrate
)

// Script is what DDL lists as a script that the tool of a format runs as it is; empty where there is nothing to do.
func (m *Migrations) Script(db *gorm.DB, f Format, models ...any) (string, error) {
	if f < Plain || f > GolangMigrate {
		return "", fmt.Errorf("%w: there is no script format %d: take ScriptPlain, ScriptGoose or ScriptGolangMigrate", fault.ErrUnsupported, f)
	}
	l, err := m.list(db, models)
	if err != nil || !slices.ContainsFunc(l.statements, isStatement) {
		return "", err
	}
	w := &scriptWriter{alone: m.Dialect.Alone, ends: !m.Dialect.Has(dialect.AlterInTransaction)}
	if l.rebuilds {
		checks := m.Dialect.Checks(l.checked)
		w.open = slices.Concat(l.open, checks.Open)
		w.begin, w.end, w.shut = checks.Begin, checks.End, l.shut
	}
	w.statements = l.statements
	switch f {
	case Goose:
		return w.goose()
	case GolangMigrate:
		return w.golangMigrate()
	}
	return w.plain("BEGIN", "COMMIT"), nil
}

// isStatement tells whether a part of a listing is none of its comments.
func isStatement(text string) bool { return !strings.HasPrefix(text, "--") }

// scriptWriter writes a script.
type scriptWriter struct {
	open, begin, statements, end, shut []string
	alone                              func(statement string) bool
	ends                               bool // a statement that is alone only ends a transaction
	text                               strings.Builder
}

// write adds statements, each with its semicolon, and comments.
func (w *scriptWriter) write(statements ...string) {
	for _, text := range statements {
		w.text.WriteString(text)
		if isStatement(text) {
			w.text.WriteByte(';')
		}
		w.text.WriteByte('\n')
	}
}

// plain writes transactions, between what can be in none, unless the next change would end them. begin and end are how one begins and ends.
func (w *scriptWriter) plain(begin, end string) string {
	w.write(w.open...)
	inside := false
	enter := func(yes bool) {
		if yes && !inside {
			w.write(begin)
		}
		if !yes && inside {
			w.write(end)
		}
		inside = yes
	}
	if len(w.begin) > 0 {
		enter(true)
		w.write(w.begin...)
	}
	for _, text := range w.statements {
		if isStatement(text) {
			enter(!w.ends && !w.alone(text))
		}
		w.write(text)
	}
	if len(w.end) > 0 {
		enter(true)
		w.write(w.end...)
	}
	enter(false)
	w.write(w.shut...)
	return w.text.String()
}

// goose writes for https://pressly.github.io/goose/documentation/annotations/. It ends a statement at each line that ends with a
// semicolon, and runs all in one transaction unless it is told otherwise; the statements of a script without one may be on several
// connections. What must be on one, outside of a transaction that was begun before, is one statement for it.
func (w *scriptWriter) goose() (string, error) {
	const begin, end = "-- +goose StatementBegin", "-- +goose StatementEnd"
	for _, text := range w.statements {
		if isStatement(text) && slices.ContainsFunc(strings.Split(text, "\n"), isAnnotation) {
			return "", fmt.Errorf("%w: goose would take a line of this statement for an annotation of its own; run it as plain SQL: %s",
				fault.ErrUnsupported, text)
		}
	}
	if len(w.open) > 0 {
		text := (&scriptWriter{open: w.open, begin: w.begin, statements: w.statements, end: w.end, shut: w.shut, alone: w.alone}).plain("BEGIN", "COMMIT")
		w.write("-- +goose NO TRANSACTION", "-- +goose Up", begin)
		w.text.WriteString(text)
		w.write(end)
		return w.text.String(), nil
	}
	if slices.ContainsFunc(w.statements, w.alone) {
		w.write("-- +goose NO TRANSACTION")
	}
	w.write("-- +goose Up")
	for _, text := range w.statements {
		if isStatement(text) && (strings.ContainsAny(text, ";\n") || strings.Contains(text, "--")) {
			w.write(begin, text, end)
		} else {
			w.write(text)
		}
	}
	return w.text.String(), nil
}

func isAnnotation(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "--") && strings.Contains(line, "+goose")
}

// golangMigrate writes for https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md. Its drivers send a file as it is:
// for PostgreSQL as one query, whose statements are one transaction; for MySQL as one, too, whose statements are none (the address needs
// multiStatements=true); for SQLite in a transaction, or outside of one where the
// address has x-no-tx-wrap=true. A savepoint is right in both.
func (w *scriptWriter) golangMigrate() (string, error) {
	statements := slices.DeleteFunc(slices.Clone(w.statements), func(text string) bool { return !isStatement(text) })
	if i := slices.IndexFunc(statements, w.alone); i >= 0 && len(statements) > 1 && !w.ends {
		return "", fmt.Errorf("%w: golang-migrate runs a file of several statements as one transaction, and this one can be in none: give it, what "+
			"stands before it and what stands behind it in the list of DDL a file each, or take CONCURRENTLY out of the index's tag: %s",
			fault.ErrUnsupported, statements[i])
	}
	if len(w.open) > 0 {
		return w.plain("SAVEPOINT softdelete", "RELEASE softdelete"), nil
	}
	w.write(w.statements...)
	return w.text.String(), nil
}
