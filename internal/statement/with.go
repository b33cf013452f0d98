package statement

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room writes WITH. Whoever does says what a statement may read, and not always what it does read: where the database must not be
// given a table that nothing reads, it is left out before the statement is sent.

// WithTable is a table that a statement has for itself.
type WithTable struct {
	Name      string
	Columns   []string
	Recursive bool
	Write     func(q *Query)
}

// withClause is a WITH that a statement has, and where its tables stand in its text and its values among those that are bound.
type withClause struct {
	begin  int // of the text
	tables []withTable
}

type withTable struct {
	name                string
	begin, end          int // of the text
	firstValue, atValue int
}

// With writes a WITH of these tables, and a space after it, before a SELECT; nothing for none.
func (q *Query) With(tables []WithTable) *Query {
	if len(tables) == 0 {
		return q
	}
	written := withClause{begin: q.Stmt.SQL.Len()}
	q.Text("WITH ")
	if slices.ContainsFunc(tables, func(t WithTable) bool { return t.Recursive }) {
		q.Text("RECURSIVE ")
	}
	Joined(q, tables, ", ", func(t WithTable) {
		place := withTable{name: t.Name, begin: q.Stmt.SQL.Len(), firstValue: len(q.Stmt.Vars)}
		q.Name(t.Name).Text(" (")
		Joined(q, t.Columns, ", ", func(column string) { q.Text(column) }).Text(") AS (")
		t.Write(q)
		q.Text(")")
		place.end, place.atValue = q.Stmt.SQL.Len(), len(q.Stmt.Vars)
		written.tables = append(written.tables, place)
	})
	if q.Dialect.Has(dialect.ReadTablesOnly) {
		q.withs = append(q.withs, written)
	}
	return q.Text(" ")
}

// Written is what the statement says, and what is bound in it, for one that it is a part of.
func (q *Query) Written() (text string, values []any) {
	q.leaveUnread()
	return q.Stmt.SQL.String(), q.Stmt.Vars
}

// span is a part of a statement that is left out, with the values that are bound in it.
type span struct{ begin, end, firstValue, atValue int }

// leaveUnread takes out of the statement the tables of its WITHs that nothing reads.
func (q *Query) leaveUnread() {
	if len(q.withs) == 0 {
		return
	}
	text, values := q.Stmt.SQL.String(), q.Stmt.Vars
	read := q.readTables(text)
	var unread []span
	for _, w := range q.withs {
		unread = append(unread, w.unread(text, read)...)
	}
	q.withs = nil
	if len(unread) == 0 {
		return
	}
	slices.SortFunc(unread, func(a, b span) int { return a.begin - b.begin })
	q.Stmt.SQL.Reset()
	q.Stmt.Vars = nil
	at, value := 0, 0
	for _, s := range append(unread, span{len(text), len(text), len(values), len(values)}) {
		q.Text(text[at:s.begin])
		q.Stmt.Vars = append(q.Stmt.Vars, values[value:s.firstValue]...)
		at, value = s.end, s.atValue
	}
}

// unread are the parts of a WITH that are left out.
func (w *withClause) unread(text string, read map[string]bool) (list []span) {
	first, last := w.tables[0], w.tables[len(w.tables)-1]
	if !slices.ContainsFunc(w.tables, func(t withTable) bool { return read[t.name] }) {
		s := span{w.begin, last.end + 1, first.firstValue, last.atValue}
		if strings.HasPrefix(text[last.end:], " , ") { // tables of the caller's own follow
			s.begin, s.end = first.begin, last.end+len(" , ")
		}
		return []span{s}
	}
	kept := false
	for i, t := range w.tables {
		switch {
		case read[t.name]:
			kept = true
		case kept:
			list = append(list, span{w.tables[i-1].end, t.end, t.firstValue, t.atValue})
		default:
			list = append(list, span{t.begin, w.tables[i+1].begin, t.firstValue, t.atValue})
		}
	}
	return list
}

// readTables are the names of those that the statement reads, itself or by another one that it reads.
func (q *Query) readTables(text string) map[string]bool {
	var tables []withTable
	for _, w := range q.withs {
		tables = append(tables, w.tables...)
	}
	slices.SortFunc(tables, func(a, b withTable) int { return a.begin - b.begin })
	var rest strings.Builder
	at := 0
	for _, t := range tables {
		rest.WriteString(text[at:t.begin])
		at = t.end
	}
	rest.WriteString(text[at:])
	read := map[string]bool{}
	var find func(text string)
	find = func(part string) {
		for _, t := range tables {
			if !read[t.name] && names(part, t.name) {
				read[t.name] = true
				find(text[t.begin:t.end])
			}
		}
	}
	find(rest.String())
	return read
}

// names tells whether a text has a name in it, quoted or not, that is not a part of another.
func names(text, name string) bool {
	inName := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
	}
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(name)
		if (begin == 0 || !inName(text[begin-1])) && (end == len(text) || !inName(text[end])) {
			return true
		}
		at = end
	}
}
