package eventlog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room tells of events whose values cannot be read, without the values: they are those of rows.

// scannedColumn is how database/sql names the column that a value does not fit.
var scannedColumn = regexp.MustCompile(`name "([^"]+)"`)

// unreadable is an error of reading rows out of events, or of writing them.
func unreadable(d *dialect.Dialect, l *dialect.Log, column string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, lacks := errors.AsType[*statement.Failed](err); lacks || errors.Is(err, fault.ErrUnsupported) { // which quote no value
		return err
	}
	if column == "" {
		column = d.Misread(l, err)
	}
	if match := scannedColumn.FindStringSubmatch(err.Error()); column == "" && match != nil {
		column = match[1]
	}
	text := fmt.Sprintf("softdelete: a row of %s (table %s) cannot be read from its events", l.Model, l.Table)
	other := d.OtherType(err)
	fits := other == "" && column == ""
	switch {
	case column != "":
		text += ": a value of the column " + column + " does not fit the type that it has now"
	case other != "":
		text += ": a value does not fit the type " + other + columnsOf(l, other) + " as it is now"
	}
	code, bare := d.WithoutRows(err)
	if code != "" {
		text, err = text+", "+code, bare
	}
	if !fits {
		err = fmt.Errorf("%w: %w", fault.ErrUnsupported, err)
	}
	if fits && d.Outdated(err) {
		text += "; the connection may have prepared the statement before the types changed, try again, or"
	} else {
		text += ";"
	}
	return &fault.QuietError{Text: text + " bring the columns' former types back, with the values that they had, or write what the events have into columns of those types", Cause: err}
}

// columnsOf names the columns of a type.
func columnsOf(l *dialect.Log, kind string) string {
	var names []string
	for _, c := range l.Columns {
		if strings.EqualFold(dialect.LastName(strings.ReplaceAll(c.Type, `"`, "")), dialect.LastName(kind)) {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " of the column " + strings.Join(names, ", ")
}
