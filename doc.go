// Package softdelete is a GORM plugin that makes "delete" mean what a model's struct tags say.
//
// A model is deleted by a strategy: a time of deletion (a gorm.DeletedAt field is enough), a flag, a status, really, or never.
// Its relations have rules: what happens to the rows under it, and what may stand under it.
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
// live rows, and Restore(db, &user) brings back exactly what that deletion took.
//
// # Words
//
// A row is live or deleted; visible is what ordinary queries return. A deletion is one call; all rows that it took carry the
// same mark, their DeletionID, or their time of deletion where the model has no such field. A restore undoes one deletion.
//
// # Reading deleted rows
//
// WithDeleted, OnlyDeleted and WithDeletedIn go into db.Clauses or gorm.G; db.Unscoped shows all rows as always. Raw SQL,
// hand-written joins and db.Table without a model are not rewritten: write Live there.
//
// # Errors
//
// All errors are for errors.Is and errors.As and say what to do next: ErrBlocked comes as a *BlockedError with the rows that
// forbid the deletion, ErrRestoreConflict as a *ConflictError with the index and the live row's key. They hold keys, names
// and counts, never a value of a row.
package softdelete
