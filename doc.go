// Package softdelete is a GORM plugin that makes "delete" mean what a model's struct tags say.
//
// A model is deleted by a strategy: a time of deletion (a gorm.DeletedAt field is enough), a flag, a status, by moving
// to an archive, really, or never. Its relations have rules: what happens to the rows under it, and what may stand under it.
//
//	type User struct {
//		ID         uint
//		Email      string `gorm:"uniqueIndex"`          // unique among live users, made by AutoMigrate
//		DeletedAt  gorm.DeletedAt
//		DeletionID softdelete.DeletionID                // optional: which deletion took the row
//		Posts      []Post    `softdelete:"cascade"`     // deleted with the user, restored with the user
//		Payments   []Payment `softdelete:"keep"`        // not touched
//		Invoices   []Invoice `softdelete:"block"`       // a user with live invoices is not deletable
//	}
//
//	err := db.Use(softdelete.New(softdelete.Config{Models: []any{&User{}, &Post{}, &Payment{}, &Invoice{}}}))
//
// From then on every GORM statement obeys: db.Delete(&user) checks and follows the rules in one transaction, queries return
// live rows, and Restore(db, &user) brings back exactly what that deletion took. docs/ is the manual: begin with docs/start.md;
// docs/choosing.md says which strategy and rule to take when. example/ is a tour to run. The databases are SQLite, PostgreSQL, MySQL
// and MariaDB.
//
// # Words
//
// A row is live or deleted; visible is what ordinary queries return. A deletion is one call; all rows that it took carry the
// same mark, their DeletionID, or their time of deletion where the model has no such field. A restore undoes one deletion.
//
// # Restoring
//
// Of the rows under a restored one, those come back that the same deletion took; what was deleted before stays deleted. Where
// deletions overlap, a row is live exactly when none that took it, or would have taken it, is still in force.
//
// # Reading and writing
//
// WithDeleted, OnlyDeleted and WithDeletedIn go into db.Clauses or gorm.G; db.Unscoped shows all rows as always. Raw SQL,
// joins written as text and db.Table without a model are not rewritten: write Live there. Updates, Save and upserts reach
// live rows only.
//
// # Indexes
//
// AutoMigrate makes unique indexes unique among live rows, so that a deleted row's value can be used again, and rebuilds
// those made before; DDL lists the statements instead.
//
// # Archive
//
// Rows of a model with the strategy archive move to <table>_archive and back, with every column that their table has.
// AutoMigrate makes that table and keeps it in step; WithDeleted and OnlyDeleted read it.
//
// # Event log
//
// A model with the setting events keeps every change of its rows in <table>_events. History lists a row's events, AsOf gives
// the row as it was at a time, Rebuild makes the table what the events say.
//
// # Errors
//
// All errors are for errors.Is and errors.As and say what to do next: ErrBlocked comes as a *BlockedError with the rows that
// forbid the deletion, ErrRestoreConflict as a *ConflictError with the index and the live row's key, ErrParentDeleted as a
// *ParentDeletedError, ErrHeld as a *HeldError with the holds, ErrErased as an *ErasedError. They hold keys, names and counts,
// never a value of a row.
//
// # Retention
//
// retain:90d says how long a deleted row is kept, then:cold that it goes to Config.ColdStore. Purge removes what is over, in
// short transactions and never under a Hold; a Janitor does so on a schedule; Thaw brings cold rows back.
//
// # Erasure
//
// The tag pii says how a column with personal data is erased: pii:"null", pii:"hmac", pii:"keep;basis:…" and others. Erase masks
// what a person's rows hold, in every table that they lead to, live, deleted, archived, in event logs and in cold storage, reads
// it all again before it commits, and gives a Certificate; certificates form a chain that VerifyCertificates checks. DataMap
// lists columns that look personal and have no tag, PreviewErasure what would happen, DispatchErasures tells third parties, and
// ReplayErasures erases again after a backup of the database came back.
package softdelete
