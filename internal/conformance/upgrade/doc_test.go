// Package upgrade_test opens databases and files that an earlier version has written, and shows that all of it works with the
// present one. testdata/write.sh has made them, with the program in testdata/writer: a database in its last state, one as a
// backup has it, the cold store, the ledger of erasures, the IDs that chance gave, and what that version itself read.
package upgrade_test
