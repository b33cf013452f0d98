package testdb

// This room is for tests that do not run on every database, and has all reasons why.

// Only is what a test is about that some databases have and others have not. The zero value is what all have.
type Only struct {
	databases []string
	because   string
}

// Everywhere is what all databases have.
var Everywhere Only

// only is what the databases with these names have, and why no other has it.
func only(because string, databases ...string) Only {
	return Only{databases: databases, because: because}
}

const (
	sqliteOnly, postgresOnly, mysqlOnly = "sqlite", "postgres", "mysql"
)

// What tests leave MySQL and MariaDB out for.
var (
	IndexConditions  = only("an index of MySQL has no condition, and an expression of it would be a computed column", sqliteOnly, postgresOnly)
	UpsertConditions = only("an upsert of MySQL has no condition, so that GORM leaves it out", sqliteOnly, postgresOnly)
	ChangesUndone    = only("on MySQL a change of a table ends the transaction", sqliteOnly, postgresOnly)
	ReturnedUpdates  = only("an update of MySQL returns no rows", sqliteOnly, postgresOnly)
	SilentTriggers   = only("a trigger of MySQL can keep a row by an error only", sqliteOnly, postgresOnly)
	DeferredKeys     = only("a foreign key of InnoDB is checked row by row", sqliteOnly, postgresOnly)
	DefaultKeys      = only("InnoDB has no ON DELETE SET DEFAULT", sqliteOnly, postgresOnly)
	IndexNames       = only("a name of an index is its table's own on MySQL", sqliteOnly, postgresOnly)
	TimesWithZones   = only("a time of MySQL says no zone", sqliteOnly, postgresOnly)
	Arrays           = only("MySQL has no arrays", sqliteOnly, postgresOnly)
	FarNumbers       = only("a decimal of MySQL has 65 digits", sqliteOnly, postgresOnly)
	WideJoins        = only("a statement of MySQL joins 61 tables", sqliteOnly, postgresOnly)
	Domains          = only("MySQL has no types over others", sqliteOnly, postgresOnly)
	EarlierRelease   = only("the release before this one did not know MySQL", sqliteOnly, postgresOnly)
	OtherStatements  = only("these are not the statements of MySQL", sqliteOnly, postgresOnly)
)

// What PostgreSQL, or SQLite, is left out for.
var (
	UntargetedUpserts = only("an upsert of PostgreSQL that changes rows names an index", sqliteOnly, mysqlOnly)
	CountedReads      = only("SQLite does not count what it reads", postgresOnly, mysqlOnly)
	NamedConstraints  = only("a constraint of SQLite has no name in an upsert", postgresOnly, mysqlOnly)
	TypedColumns      = only("a column of SQLite takes values of every type", postgresOnly, mysqlOnly)
)

// What one database alone has.
var (
	RowPolicies        = only("row-level security is PostgreSQL's", postgresOnly)
	Roles              = only("a role that may use some tables only is made in PostgreSQL's way", postgresOnly)
	OwnTypes           = only("types, domains and arrays of one's own are PostgreSQL's", postgresOnly)
	PreparedTypes      = only("what is prepared keeps its types on PostgreSQL", postgresOnly)
	Addresses          = only("PostgreSQL alone finds rows by their address, and hashes a list if it fits", postgresOnly)
	FreePartitions     = only("a table of PostgreSQL is parted by columns that its key need not have", postgresOnly)
	CountersInside     = only("a transaction of PostgreSQL can ask what it has read", postgresOnly)
	ConcurrentIndexes  = only("CREATE INDEX CONCURRENTLY is PostgreSQL's", postgresOnly)
	SessionLocksListed = only("every server of PostgreSQL lists the locks of sessions", postgresOnly)

	TablesMadeAnew        = only("SQLite makes a table anew to change it", sqliteOnly)
	KeysSwitchedOff       = only("SQLite checks foreign keys if told to", sqliteOnly)
	UntargetedExpressions = only("without a target SQLite takes any unique index for one", sqliteOnly)

	LiveColumns         = only("MySQL has a computed column in the place of conditions of indexes", mysqlOnly)
	LockTables          = only("on MySQL rows of a table stand for numbers", mysqlOnly)
	EndedTransactions   = only("a deadlock of InnoDB undoes the transaction, not the statement", mysqlOnly)
	UnfiredTriggers     = only("a foreign key of MySQL fires no triggers", mysqlOnly)
	RefusedReturning    = only("what ReturnedUpdates are is refused on MySQL", mysqlOnly)
	RefusedJoins        = only("what WideJoins are is refused on MySQL", mysqlOnly)
	AnyIndexUpserts     = only("an upsert of MySQL meets rows by any index", mysqlOnly)
	SettingsOfSessions  = only("sql_mode and settings of its driver are MySQL's", mysqlOnly)
	ComputedExpressions = only("an index over a computed column stands on MySQL for one on an expression", mysqlOnly)
	OwnIndexNames       = only("what IndexNames are belongs to a table on MySQL", mysqlOnly)
)
