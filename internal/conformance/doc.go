// Package conformance is the suite that every database must pass. Its packages have tests only, each a kind of promise:
//
//   - history: after any sequence of deletions, restores, moves and creations, the database is what a simple model says
//   - concurrency: calls that meet at any statement leave no row where it may not be
//   - atomicity: a call that fails anywhere, or loses its connection, changes nothing
//   - kills: an application that is killed at any statement has lost nothing, and the call can be made again
//   - paths: every way to read or write through GORM obeys, with the SQL that it sends
//   - rules: cascade, block, guard and keep, for every shape of relation, key and mark
//   - strategies: what says that a row is deleted, and its companions
//   - gorm: what GORM promises its callers holds with the plugin
//   - upgrade: databases and files of an earlier version go on working
//   - sidebyside: an earlier release and the present one work on one database
//   - cost: how many statements a call sends, and what a query allocates
//
// After every fault, kill and panic nothing is left: no connection in use, no transaction, no lock, no goroutine; see
// testdb.NothingLeft and testdb.Main.
//
// They run on each database of package testdb: a further one is a file and a line there. Histories, pairs of calls and
// stress go further where the environment variable SOFTDELETE_LONG is set.
package conformance
