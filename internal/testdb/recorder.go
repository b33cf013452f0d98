package testdb

import (
	"database/sql/driver"
	"slices"
	"sync"

	"gorm.io/gorm"
)

// Statement is one statement as the driver got it.
type Statement struct {
	// SQL has placeholders where values are bound. The start and end of a transaction are "BEGIN", "COMMIT", "ROLLBACK".
	SQL string
	// Args are the bound values, in the order of their placeholders.
	Args []any
}

// Recorder keeps every statement that is sent to the database, whether it succeeds or not. One that an injected fault
// stops is not sent. A prepared statement counts each time it is executed, not when it is prepared. It may be used by
// several goroutines.
type Recorder struct {
	mu         sync.Mutex // guards statements
	statements []Statement
}

// Record starts to record what db sends, through any session or transaction of it. It panics if db is not from
// [Database.Open].
func Record(db *gorm.DB) *Recorder {
	recorder := &Recorder{}
	tapOf(db).attach(recorder)
	return recorder
}

// Statements returns the SQL recorded so far.
func (r *Recorder) Statements() []string {
	all := r.All()
	texts := make([]string, len(all))
	for i, statement := range all {
		texts[i] = statement.SQL
	}
	return texts
}

// All returns the statements recorded so far, with their bound values.
func (r *Recorder) All() []Statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.statements)
}

// Reset forgets what was recorded so far.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = nil
}

func (r *Recorder) add(query string, args []driver.NamedValue) {
	statement := Statement{SQL: query}
	for _, arg := range args {
		statement.Args = append(statement.Args, arg.Value)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = append(r.statements, statement)
}
