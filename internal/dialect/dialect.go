// Package dialect holds every difference between the databases that softdelete runs on. Nothing outside it asks which
// database it is talking to: it asks whether the database can, or how something is written there.
package dialect

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// Feature is something that one database can do and another cannot.
type Feature uint

const (
	// RowLocks: SELECT … FOR UPDATE and FOR SHARE lock rows. Without it the database has a single writer.
	RowLocks Feature = 1 << iota
	// WritesInWith: UPDATE and DELETE with RETURNING may stand inside WITH, so that one statement writes several tables.
	WritesInWith
	// WithBeforeWrite: WITH may stand before UPDATE and DELETE.
	WithBeforeWrite
	// CompoundRecursion: the recursive part of WITH RECURSIVE may be several SELECTs, each with its own reference to
	// the recursive table. Where it is missing, JOIN LATERAL over a UNION ALL takes its place.
	CompoundRecursion
	// PartialIndexes: CREATE INDEX … WHERE.
	PartialIndexes
	// GeneratedLive: a unique index may end with a column that the database computes, and that is NULL in rows which are not to be unique.
	// It stands in the place of PartialIndexes.
	GeneratedLive
	// AdvisoryLocks: a transaction can lock a number.
	AdvisoryLocks
	// LockTable: rows of a table stand for numbers, since a transaction can lock nothing else. It stands in the place of AdvisoryLocks.
	LockTable
	// SessionLocks: a session can lock a number until it ends or unlocks.
	SessionLocks
	// Estimates: the way to join tables is chosen by how many rows statistics lead to expect.
	Estimates
	// FirstIndex: of the indexes by which rows may be found, and of which nothing is known yet, the one is taken that was made first.
	FirstIndex
	// RenameIndex: an index can be renamed in place.
	RenameIndex
	// AlterInPlace: constraints and columns can be changed in place. Without it GORM makes the table anew, which loses its
	// indexes; the functions in rebuild.go are for such a database.
	AlterInPlace
	// AlterInTransaction: a change of a table is undone with its transaction. Without it each one ends the transaction, and what takes
	// several must be right between any two of them.
	AlterInTransaction
	// JSONRows: JSON becomes rows of a table.
	JSONRows
	// LowerNames: a name without quotes means that in lower case.
	LowerNames
	// ReadsTarget: the sub-queries of an UPDATE or DELETE may read the table that it is about.
	ReadsTarget
	// StatementChecksKeys: foreign keys are checked when a statement ends, not for each of its rows.
	StatementChecksKeys
	// KeysFireTriggers: what a foreign key does to rows that refer to one which is removed fires the triggers of their table.
	KeysFireTriggers
	// QualifiedTargets: an UPDATE that reads another table names the columns that it sets with their own.
	QualifiedTargets
	// StaleReads: a SELECT in a caller's transaction may show what was there when that began; what a writing statement reads is of now.
	StaleReads
	// AnyCase: names that differ in case only are the same, quoted or not.
	AnyCase
	// TemporaryTwice: a statement may name a temporary table more than once.
	TemporaryTwice
	// UnionsAnew: IN asks a UNION anew for each row, unless that is a table in FROM.
	UnionsAnew
	// TemporaryStays: a temporary table outlives the transaction that has made it.
	TemporaryStays
	// ConflictTargets: an upsert names the index that it is on, changes the rows that fulfil a condition, and counts those that it has
	// written. Without it, it changes whichever row it meets by any index, and what it counts says nothing.
	ConflictTargets
	// OuterInWith: a WITH in a sub-query may read columns of the statement around that.
	OuterInWith
	// UpdateReturning: an UPDATE may give the rows that it has changed.
	UpdateReturning
	// SpoiltByErrors: a transaction in which a statement has failed takes no other until it goes back.
	SpoiltByErrors
	// RowRanges: what comes before or after several columns as one value is looked up in an index of them.
	RowRanges
	// LocksChosen: a statement locks the rows that it gives or writes. Without it, it locks all that it reads to find these, or to sort them
	// for a LIMIT, and waits for them where others have them.
	LocksChosen
	// ReadTablesOnly: a WITH has no tables but those that are read. One that nothing reads may end the server.
	ReadTablesOnly
	// LooseTexts: texts that differ in case, in accents or in blanks at their ends may be equal unless their column says otherwise, LENGTH
	// counts bytes, and what stands in double quotes is a text.
	LooseTexts
)

// Clock says how a column keeps an instant.
type Clock int

const (
	// NoClock: the column is none.
	NoClock Clock = iota
	// Native: the database's own type for date and time.
	Native
	// Integer: a count of units since 1970-01-01 UTC, 0 for none.
	Integer
)

// Dialect is one database: its features and the few expressions that it writes in its own way. All functions take and
// return SQL text whose names are quoted already.
type Dialect struct {
	// Name is GORM's name for the database.
	Name string
	// Precision is the finest time that a date and time column of the database keeps.
	Precision time.Duration

	features Feature
	// longestName is how many bytes of a name the database keeps, 0 for all of them.
	longestName int
	// nanoseconds gives the instant in a native time column as an integer count of nanoseconds since 1970.
	nanoseconds func(column string) string
	// divided stands between an integer and another one, by which it is divided to one without a fraction.
	divided string
	// native gives a value for a native time column, of the column's own type, for an integer count of nanoseconds since 1970.
	native func(column, nanoseconds string) string
	// instantType is the type of a native time column that keeps an instant; text where it is kept as that.
	instantType string
	// textType is the type of a text in a CAST.
	textType string
	// ofType is the type in a CAST to what a column of a type keeps; nil where that is the column's.
	ofType func(columnType string) string
	// concat puts texts together.
	concat func(parts []string) string
	// literal is a text as an SQL literal, whatever the settings of the session are.
	literal func(text string) string
	// length is the function that counts a text's letters.
	length string
	// text gives any value as text.
	text func(expression string) string
	// integer gives a text as a 64-bit integer.
	integer func(expression string) string
	// padded gives an integer as text of 19 digits.
	padded func(expression string) string
	// locks are what ends a SELECT that locks rows.
	locks [InstantLock + 1]string
	// among writes that a value is one of those that a SELECT gives; it stands around the SELECT. Where it is empty, IN does.
	among [2]string
	// tryLock asks for a lock on the number in the bound value, until the transaction ends, and gives whether it was free.
	tryLock func(number string) string

	// transactions are the options of those that the plugin begins: their level, where the database knows several.
	transactions sql.TxOptions
	// level is an expression for the level of the transaction that a statement runs in, fresh the one at which every statement sees
	// what others have committed before it; both are empty where a writer sees that always.
	level, fresh string

	// planned stands before a statement that is to be planned and not run; empty where a column takes values of every type, so that
	// there is nothing to learn from it.
	planned string

	// zoneless tells that a date and time has no zone, and no text of one may say it.
	zoneless bool
	// timeStep is the finest step of a column of times, where the database has another one by itself than Precision; nil where not.
	timeStep func(field *schema.Field) (step time.Duration, known bool)

	// unfit is a SELECT of tables and their engines, those that are kept by one without transactions; empty where there is none.
	unfit string
	// writers reads what tells of other servers that write to the same rows; nil where there can be none.
	writers  func(settings map[string]string) string
	server   server
	list     list
	events   eventLog
	masks    masks
	keys     keys
	refusals refusals

	// notAfter and notBefore compare the instant in a native time column with another.
	notAfter, notBefore func(column string, at time.Time) string
	// surelyWithin writes exactly, the condition that an instant lies between two others, so that it is cheap far from these;
	// nil where it is so anyway.
	surelyWithin func(column string, from, until time.Time, valid bool, exactly string) string
	// isTime does the same for the condition that it holds an instant at all.
	isTime    func(column string, first time.Time, exactly string) string
	addresses addresses
	numbered  numbered
	// form fixes the text of values until the statement behind it, or the transaction's end; empty where nothing changes it.
	form [2]string
	// deferKeys puts off the check of foreign keys to the transaction's end; empty where one statement can write several
	// tables and its end is soon enough.
	deferKeys string
	// shareLock and soleLock wait for a lock on the number in the bound value, until the transaction ends: several may share
	// it, or one holds it alone.
	shareLock, soleLock func(number string) string

	// sessionLock asks for a lock on the number that the session keeps until it ends or unlocks, and gives whether it was free.
	sessionLock func(number string) (lock, unlock string)
	// migrating and cleaning are the numbers that migrations and janitors of the session's schema lock.
	migrating, cleaning string

	// update and remove begin writes, where they begin otherwise than UPDATE … SET and DELETE FROM.
	update func(table, other string) (open, from string)
	// removeAs tells that a DELETE names the table's alias before FROM, where it has one.
	removeAs bool
	remove   func(table, way string) string
	byKey    string
	// inOrder and joined are told of at InOrder and Joined.
	inOrder, joined string

	keepPresent    func(key string) string
	replacePresent func(key, others []string) string
	// inserted is what an upsert was to insert in a column.
	inserted func(column string) string
	// refuse is a column's own value, which fails the statement where a condition holds, refused the error that it fails with.
	refuse  func(column, condition string) string
	refused func(err error) bool

	referencesTo       func(db *gorm.DB, table string) ([]Reference, error)
	referencesFrom     func(db *gorm.DB, table string) ([]Reference, error)
	enforcesReferences func(db *gorm.DB) (bool, error)
	primaryKey         func(db *gorm.DB, table string) ([]string, error)
	sameName           func(db *gorm.DB, table string) (string, error)

	unseen     unseen
	columns    columns
	exclusives exclusives
	collations collations

	// findIndexes lists the indexes of a table, or that of a name.
	findIndexes func(db *gorm.DB, table Table, name string) ([]Index, error)
	indexOwner  func(db *gorm.DB, table Table, name string) (string, error) // nil where names of indexes are a table's own
	// indexPart writes a column in an index that is to find rows; nil where its name does.
	indexPart func(column, kind string) string

	rebuild   rebuild
	script    script
	live      live
	patience  patience
	ownType   func(dataType string, size int, indexed bool) string
	retype    func(table, column, kind string) string // nil for the standard's
	temporary temporary
	deep      func(text string) string // nil where nothing bounds the depth of recursive queries
}

var dialects = []*Dialect{&postgres, &sqlite, &mysql}

// Of gives the dialect for a GORM dialector, an error for a database that softdelete does not know.
func Of(dialector gorm.Dialector) (*Dialect, error) {
	name := dialector.Name()
	for _, d := range dialects {
		if d.Name == name {
			return d, nil
		}
	}
	return nil, fmt.Errorf("softdelete does not know the database %q", name)
}

// Has tells whether the database has all the features.
func (d *Dialect) Has(features Feature) bool { return d.features&features == features }

// Zoneless tells that the text of a date and time has no zone: it is in UTC.
func (d *Dialect) Zoneless() bool { return d.zoneless }

// TimeStep is the finest step of a field's column of times; known is false where that is Precision, unless the field's type says another.
func (d *Dialect) TimeStep(field *schema.Field) (step time.Duration, known bool) {
	if d.timeStep == nil {
		return 0, false
	}
	return d.timeStep(field)
}

// Typed stands around a bound text, or a bound instant, and says its type where nothing else does.
func (d *Dialect) Typed(instant bool) (open, shut string) {
	if instant {
		return "CAST(", " AS " + d.instantType + ")"
	}
	return "CAST(", " AS " + d.textType + ")"
}

// OfType stands around a value and makes it what a column of the type makes of it.
func (d *Dialect) OfType(columnType string) (open, shut string) {
	if d.ofType != nil {
		columnType = d.ofType(columnType)
	}
	return "CAST(", " AS " + columnType + ")"
}

// EndsTransaction tells whether an error says that the database has undone the whole transaction, savepoints and all, so that what
// follows on the connection would stand by itself.
func (d *Dialect) EndsTransaction(err error) bool {
	return d.refusals.ends != nil && d.refusals.ends(err)
}

// Concat is one text of several, in their order.
func (d *Dialect) Concat(parts ...string) string { return d.concat(parts) }

// withBars writes it with the operator of the standard.
func withBars(parts []string) string { return strings.Join(parts, " || ") }

// Text is expression as text, so that a key can be compared with a text column.
func (d *Dialect) Text(expression string) string { return d.text(expression) }

// Length is how many letters a text has.
func (d *Dialect) Length(text string) string { return d.length + "(" + text + ")" }

// Integer is a whole number as one of 64 bits.
func (d *Dialect) Integer(expression string) string { return d.integer(expression) }

// Nanoseconds is the instant in a column as a count of nanoseconds since 1970; unit is that of an Integer column.
func (d *Dialect) Nanoseconds(column string, clock Clock, unit time.Duration) string {
	if clock == Integer {
		return times(d.integer(column), unit) // a column of 32 bits would overflow
	}
	return d.nanoseconds(column)
}

// Instant is the value for the column, of the given clock and unit, that stands for a count of nanoseconds since 1970.
func (d *Dialect) Instant(column, nanoseconds string, clock Clock, unit time.Duration) string {
	if clock == Integer {
		return "(" + nanoseconds + d.divided + literal(unit) + ")"
	}
	return d.native(column, nanoseconds)
}

// LeadingNanoseconds is the integer that the first 19 characters of a text are.
func (d *Dialect) LeadingNanoseconds(text string) string {
	return d.integer("substr(" + text + ", 1, 19)")
}

// Padded is an integer as text of 19 digits, the form that LeadingNanoseconds reads.
func (d *Dialect) Padded(expression string) string { return d.padded(expression) }

// Among stands between a value and a SELECT of those that it may be one of, and after that. With many rows it is the fastest
// way to find each by its key.
func (d *Dialect) Among() (open, shut string) {
	if d.among[0] == "" {
		return " IN (", ")"
	}
	return d.among[0], d.among[1]
}

// TryLock is an expression that reserves a number until the transaction ends and tells whether it was free.
// It needs the feature AdvisoryLocks.
func (d *Dialect) TryLock(number string) string { return d.tryLock(number) }

// TxOptions are those of a transaction in which every statement sees what others have committed before it, whatever the
// database's default is. They are everyone's, and are not changed.
func (d *Dialect) TxOptions() *sql.TxOptions { return &d.transactions }

// Level is an expression for the isolation level of the transaction that a statement runs in; empty where there is one only.
func (d *Dialect) Level() string { return d.level }

// Fresh tells whether every statement at a level that Level has given sees what others have committed before it.
func (d *Dialect) Fresh(level string) bool { return level == d.fresh }

// FreshCondition is the condition that the transaction is of such a level.
func (d *Dialect) FreshCondition() string { return d.level + " = '" + d.fresh + "'" }

// Planned stands before a statement that is only to be planned, which fails where a column does not take what it would write;
// empty where columns take values of every type.
func (d *Dialect) Planned() string { return d.planned }

// FixForm is a statement that fixes the text of values, which settings of a session would change, until the other one or the end of
// the transaction; both are empty where nothing changes it.
func (d *Dialect) FixForm() (fix, leave string) { return d.form[0], d.form[1] }

// DeferKeys is a statement that puts off the check of foreign keys to the transaction's end; empty where writes in WITH
// need none.
func (d *Dialect) DeferKeys() string { return d.deferKeys }

// ShareLock is an expression that waits for a number, which several transactions may share until they end. It needs the
// feature AdvisoryLocks.
func (d *Dialect) ShareLock(number string) string { return d.shareLock(number) }

// SoleLock is an expression that waits for a number until no other transaction has it, and keeps it until the transaction
// ends. It needs the feature AdvisoryLocks.
func (d *Dialect) SoleLock(number string) string { return d.soleLock(number) }

// MigrationLock gives a statement that tells whether it could reserve migrations of the session's schema for the session, and one that
// gives them back; the end of the session does too. It needs the feature SessionLocks.
func (d *Dialect) MigrationLock() (lock, unlock string) { return d.sessionLock(d.migrating) }

// JanitorLock gives the same for janitors of the session's schema.
func (d *Dialect) JanitorLock() (lock, unlock string) { return d.sessionLock(d.cleaning) }

// String is a text as an SQL literal.
func (d *Dialect) String(text string) string { return d.literal(text) }

// textLiteral is that where a backslash is a letter like others.
func textLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func times(column string, unit time.Duration) string {
	if unit == time.Nanosecond {
		return column
	}
	return "(" + column + " * " + literal(unit) + ")"
}
