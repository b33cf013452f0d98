package dialect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// Content says what the data of an event is.
type Content string

const (
	// Row: the whole row, which is in the table.
	Row Content = "row"
	// Change: the columns that changed, of the row that the events before give.
	Change Content = "change"
	// Removed: the whole row as it was last; it is in the table no more.
	Removed Content = "removed"
)

// Value is how the events keep a column's values: as JSON's own true, number or string wherever that is exact.
type Value int

const (
	// Text, and everything that is none of the others.
	Text Value = iota
	// Boolean: true and false.
	Boolean
	// Whole: integers; those that a JSON number does not keep exactly are strings.
	Whole
	// Real: floating point.
	Real
	// Bytes: a string of hexadecimal digits after \x.
	Bytes
)

// LoggedColumn is a column of a table with an event log.
type LoggedColumn struct {
	// Name is the bare name, Quoted the quoted one.
	Name, Quoted string
	Value        Value
	// Plain tells that the database's type is GORM's own choice for the Value.
	Plain bool
	// Type is the database's type where it is not.
	Type string
	// Stored is the type that the database says it has, where it was asked.
	Stored string
	// Foreign tells that the model does not have the column: it may go from the table without the model.
	Foreign bool
}

// Log is a table with its event log, as triggers write it: they see the rows before and after every statement, whatever
// statement it is. They write only while the log is open.
type Log struct {
	Table, Events string // bare names
	Model         string
	Columns, Key  []LoggedColumn
	// KeyColumns are the columns of Key as keys have them.
	KeyColumns []KeyColumn
	// Live gives the predicate of live rows for an alias; empty where rows cannot be deleted in place.
	Live func(alias string) string
	// DeletionID is the quoted column that says which deletion took a row, empty where there is none.
	DeletionID string

	quote func(name string) string
}

// eventLog is what a database needs to write and to read event logs.
type eventLog struct {
	objects func(d *Dialect, l *Log) []LogObject
	find    func(db *gorm.DB, l *Log) (LogFound, error)
	// mark is an expression for the mark of what writes a log.
	mark func(l *Log) string
	// open stands around a bound context; what follows is a condition.
	open [2]string
	// opened ends the statement.
	opened string
	close  string
	// value is the kind of value that a column of the type has.
	value   func(kind string) Value
	instant func(at time.Time) string
	// context and contextTable are the name and the definition of the table that open writes to, empty for none.
	context, contextTable string
	freeze                string
	// fragment gives a column of a row as JSON text, never NULL.
	fragment func(c LoggedColumn, alias string) string
	// differs is the condition that two such texts are not the same; nil where <> says that.
	differs func(one, other string) string
	// member gives the member j.key of an object as JSON text, dataText that of a name as text; object makes an object of the
	// members of another, each with the JSON text that value gives for j.key.
	member   func(data string) string
	dataText func(data, name string) string
	object   func(data, value string) string
	begin    beginnings
	// hidden says, for people, why triggers that are there may not be seen.
	hidden string
	// document gives rows of the log as JSON, fromJSON stands around that bound, in the place of a table of that kind.
	document func(l *Log, rows []map[string]json.RawMessage) (string, error)
	fromJSON func(l *Log, table string) (before, after string)
	// misread tells from an error of reading that which column of the log has a value that is none of its type; nil where errors tell
	// the type.
	misread func(err error) (place int, ok bool)
}

// LogHidden says, for people, why a session may not see a log that is there; empty where it does.
func (d *Dialect) LogHidden() string { return d.events.hidden }

// NewLog makes a log of a table; quote quotes names.
func NewLog(table, events string, quote func(name string) string) *Log {
	return &Log{Table: table, Events: events, quote: quote}
}

// With is the log with a whole number more, which is none of the table's.
func (l *Log) With(name string) *Log {
	other := *l
	other.Columns = append(slices.Clone(l.Columns), LoggedColumn{Name: name, Quoted: l.quote(name), Value: Whole, Type: string(schema.Int), Plain: true})
	return &other
}

// On is the log of another table of the same kind.
func (l *Log) On(table, events string) *Log {
	other := *l
	other.Table, other.Events = table, events
	return &other
}

// LogObject is a trigger or a function that writes a log.
type LogObject struct {
	// Name is what FindLog knows it by, Text how the database tells its definition.
	Name, Text string
	// Helps tells that it writes no event itself.
	Helps bool
	// Create are the statements that make it anew, whether it is there or not.
	Create []string
}

// foundObject is a trigger or a function as catalogues list it.
type foundObject struct {
	Name string `gorm:"column:name"`
	Text string `gorm:"column:text"`
}

// eventColumns are the columns of an event that the triggers write.
const eventColumns = "row_key, version, type, content, data, actor, reason, deletion_id, at"

// LogsEvents tells whether there are triggers for this database.
func (d *Dialect) LogsEvents() bool { return d.events.objects != nil }

// LogObjects lists what writes the log.
func (d *Dialect) LogObjects(l *Log) []LogObject { return d.events.objects(d, l) }

// FindLog gives what writes the table's log.
func (d *Dialect) FindLog(db *gorm.DB, l *Log) (LogFound, error) {
	return d.events.find(db, l)
}

// OpenLog is the statement after which the triggers write events, until CloseLog or the end of the transaction. It binds one
// value, the context as JSON, and affects no row where what writes the logs has other marks than those.
func (d *Dialect) OpenLog(logs []*Log, marks []string) (before, after string) {
	conditions := make([]string, len(logs))
	for i, l := range logs {
		conditions[i] = d.events.mark(l) + " = " + d.String(marks[i])
	}
	return d.events.open[0], d.events.open[1] + strings.Join(conditions, " AND ") + d.events.opened
}

// CloseLog is the statement that ends it.
func (d *Dialect) CloseLog() string { return d.events.close }

// LogInstant is an instant as the context of OpenLog has it.
func (d *Dialect) LogInstant(at time.Time) string {
	return d.events.instant(at.UTC().Truncate(d.Precision))
}

// LogContext is the table that OpenLog writes to, as CREATE TABLE; empty where it needs none.
func (d *Dialect) LogContext() (table, create string) { return d.events.context, d.events.contextTable }

// FreezeTable is the statement that keeps others from writing to a table until the transaction ends; empty where one writer
// is all that there is.
func (d *Dialect) FreezeTable(quoted string) string {
	if d.events.freeze == "" {
		return ""
	}
	return fmt.Sprintf(d.events.freeze, quoted)
}

// Differs is the condition that two rows of the log's table, by their aliases, are not the same in a column.
func (d *Dialect) Differs(c LoggedColumn, one, other string) string {
	if before, after := d.events.fragment(c, one), d.events.fragment(c, other); d.events.differs != nil {
		return d.events.differs(before, after)
	}
	return d.events.fragment(c, one) + " <> " + d.events.fragment(c, other)
}

// LogKey is the exact text of a row's key, which the log knows it by.
func (d *Dialect) LogKey(l *Log, alias string) string {
	expressions := make([]string, len(l.Key))
	for i, c := range l.Key {
		expressions[i] = prefixed(alias, c.Quoted)
	}
	return d.KeySQL(l.KeyColumns, expressions)
}

// LoggedText is a column's value as the text that DataText gives for it.
func (d *Dialect) LoggedText(c LoggedColumn, expression string) string {
	if c.Value == Bytes {
		return d.keys.sql(KeyColumn{Kind: KeyBytes}, expression)
	}
	return d.text(expression)
}

func prefixed(alias, quoted string) string {
	if alias == "" {
		return quoted
	}
	return alias + "." + quoted
}

// fragments gives the JSON text of each column of the row with the alias.
func (d *Dialect) fragments(l *Log, alias string) []string {
	list := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		list[i] = d.events.fragment(c, alias)
	}
	return list
}

// image is the whole row as JSON text, of the columns' fragments.
func (d *Dialect) image(l *Log, fragments []string) string {
	var parts []string
	for i, c := range l.Columns {
		begin := ","
		if i == 0 {
			begin = "{"
		}
		parts = append(parts, d.String(begin+jsonKey(c.Name)+":"), fragments[i])
	}
	return d.Concat(append(parts, "'}'")...)
}

// jsonName is a column's name as JSON inside an SQL literal.
func jsonName(name string) string { return strings.ReplaceAll(jsonKey(name), "'", "''") }

// jsonKey is a column's name as JSON.
func jsonKey(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// sameKey is the condition that two rows have the same key.
func (l *Log) sameKey(one, other string) string {
	parts := make([]string, len(l.Key))
	for i, c := range l.Key {
		parts[i] = one + "." + c.Quoted + " = " + other + "." + c.Quoted
		if c.Value == Text { // what a collation takes for the same key is another one
			parts[i] += " AND " + one + "." + c.Quoted + `::text COLLATE "C" = ` + other + "." + c.Quoted + `::text COLLATE "C"`
		}
	}
	return strings.Join(parts, " AND ")
}

// transition is the type of the event of a row that changed in place.
func (l *Log) transition(before, after string) string {
	if l.Live == nil {
		return "'updated'"
	}
	was, is := "("+l.Live(before)+")", "("+l.Live(after)+")"
	return "CASE WHEN " + was + " AND NOT " + is + " THEN 'deleted' WHEN " + is + " AND NOT " + was + " THEN 'restored' ELSE 'updated' END"
}

// erases is the type of an event: erased where the write in the context erases rows of this table, else what it is otherwise.
// table is the context's member of that name.
func (d *Dialect) erases(l *Log, table, otherwise string) string {
	return "CASE WHEN " + table + " = " + d.String(l.Table) + " THEN 'erased' ELSE " + otherwise + " END"
}

// mark is the deletion that a row says it was taken by, NULL for none.
func (l *Log) mark(alias string) string {
	if l.DeletionID == "" {
		return "NULL"
	}
	return "NULLIF(" + alias + "." + l.DeletionID + ", '')"
}
