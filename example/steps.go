package main

import (
	"errors"
	"fmt"
	"io"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// steps is the tour, in order. call is the line of Go that matters, as printed.
var steps = []struct {
	title, call string
	show        func(db *gorm.DB, out io.Writer) error
}{
	{"A blocked deletion: an organization with users stays", "db.Delete(&acme)", blockedDeletion},
	{"An earlier deletion: Ann deletes one of her posts", "softdelete.Delete(db, &draft)", earlierDeletion},
	{"A preview: what deleting Ann would do", "softdelete.Preview(db, &ann)", preview},
	{"A cascade: Ann is deleted, with what is hers", "db.Delete(&ann)", cascade},
	{"A new user takes Ann's address", "db.Create(&anna)", reuseAddress},
	{"A restore conflict: the address is taken", "softdelete.Restore(db, &ann)", restoreConflict},
	{"A restore: exactly what the deletion took", "softdelete.Restore(db, &ann)", restore},
	{"The ledger: who deleted what, and why", "db.Find(&deletions)", ledger},
	{"An invoice is archived: it leaves its table", "db.Delete(&invoice)", archiveInvoice},
	{"It is restored", "softdelete.Restore(db, &invoice)", restoreInvoice},
	{"An account opens, with an event log", "db.Create(&account)", openAccount},
	{"It is drawn on, by an expression", "db.Model(&account).Update(\"cents\", gorm.Expr(\"cents - ?\", 1500))", draw},
	{"It is closed: its row is gone, its history is not", "softdelete.History(db, &account)", closeAccount},
	{"What it held on a day before that", "softdelete.AsOf(db, &account, day)", accountOnADay},
	{"Ann asks to be forgotten: her data is masked, with a certificate", "softdelete.Erase(db, &ann, softdelete.ErasureRequest{ID: \"ticket-4711\"})", erase},
	{"What is left, and stays so", "softdelete.Restore(db, &ann)", afterErasure},
}

func blockedDeletion(db *gorm.DB, out io.Writer) error {
	var acme Organization
	if err := db.First(&acme, "name = ?", "Acme").Error; err != nil {
		return err
	}
	err := db.Delete(&acme).Error
	var blocked *softdelete.BlockedError
	if !errors.As(err, &blocked) {
		return fmt.Errorf("expected the deletion to be blocked, got %w", err)
	}
	line(out, "Acme cannot be deleted:")
	printBlockers(out, blocked.Blockers)
	line(out, "The error itself says:")
	line(out, "  %v", err)
	return nil
}

func earlierDeletion(db *gorm.DB, out io.Writer) error {
	var draft Post
	if err := db.First(&draft, "title = ?", "First draft").Error; err != nil {
		return err
	}
	ctx := softdelete.WithActor(db.Statement.Context, "user 1")
	ctx = softdelete.WithReason(ctx, "outdated")
	report, err := softdelete.Delete(db.WithContext(ctx), &draft)
	if err != nil {
		return err
	}
	printEffects(out, report.Effects)
	return nil
}

func preview(db *gorm.DB, out io.Writer) error {
	ann, err := userNamed(db, "Ann")
	if err != nil {
		return err
	}
	report, err := softdelete.Preview(db, &ann)
	if err != nil {
		return err
	}
	printEffects(out, report.Effects)
	printBlockers(out, report.Blockers)
	line(out, "Nothing has happened yet:")
	return printState(db, out)
}

func cascade(db *gorm.DB, out io.Writer) error {
	ann, err := userNamed(db, "Ann")
	if err != nil {
		return err
	}
	ctx := softdelete.WithActor(db.Statement.Context, "admin")
	ctx = softdelete.WithReason(ctx, "account closed")
	if err := db.WithContext(ctx).Delete(&ann).Error; err != nil {
		return err
	}
	if err := printState(db, out); err != nil {
		return err
	}
	err = db.Create(&Post{UserID: ann.ID, Title: "One more"}).Error
	if !errors.Is(err, softdelete.ErrParentDeleted) {
		return fmt.Errorf("expected the guard to refuse, got %w", err)
	}
	line(out, "No post can be added for her:")
	line(out, "  %v", err)
	return nil
}

func reuseAddress(db *gorm.DB, out io.Writer) error {
	anna := User{OrganizationID: 1, Name: "Anna", Email: "ann@example.com"}
	if err := db.Create(&anna).Error; err != nil {
		return err
	}
	var users []User
	if err := db.Clauses(softdelete.WithDeleted).Order("id").Find(&users, "email = ?", anna.Email).Error; err != nil {
		return err
	}
	for _, user := range users {
		line(out, "%s  %-4s  %s", user.Email, user.Name, state(user.DeletedAt.Valid))
	}
	err := db.Create(&User{OrganizationID: 1, Name: "Anne", Email: anna.Email}).Error
	line(out, "A second live user with it: errors.Is(err, gorm.ErrDuplicatedKey) is %t", errors.Is(err, gorm.ErrDuplicatedKey))
	return nil
}

func restoreConflict(db *gorm.DB, out io.Writer) error {
	ann, err := userNamed(db.Clauses(softdelete.OnlyDeleted), "Ann")
	if err != nil {
		return err
	}
	_, err = softdelete.Restore(db, &ann)
	var conflict *softdelete.ConflictError
	if !errors.As(err, &conflict) {
		return fmt.Errorf("expected a conflict, got %w", err)
	}
	line(out, "Ann cannot come back: the live user with key %s has her %s.", conflict.LiveKeys[0], conflict.Columns[0])
	line(out, "The error itself says:")
	line(out, "  %v", err)
	return nil
}

func restore(db *gorm.DB, out io.Writer) error {
	err := db.Model(&User{}).Where("name = ?", "Anna").Update("email", "anna@example.com").Error
	if err != nil {
		return err
	}
	line(out, "Anna has an address of her own now, so Ann can come back:")
	ann, err := userNamed(db.Clauses(softdelete.OnlyDeleted), "Ann")
	if err != nil {
		return err
	}
	report, err := softdelete.Restore(db, &ann)
	if err != nil {
		return err
	}
	printEffects(out, report.Effects)
	line(out, "The post that she had deleted before stays deleted, with its comment:")
	return printState(db, out)
}

func ledger(db *gorm.DB, out io.Writer) error {
	var deletions []softdelete.Deletion
	if err := db.Order("deleted_at").Find(&deletions).Error; err != nil {
		return err
	}
	for _, d := range deletions {
		line(out, "%s  %s %s and below, %d rows, by %s, %s; restored: %s",
			date(&d.DeletedAt), d.Table, d.Key, d.Rows, d.Actor, d.Reason, date(d.RestoredAt))
	}
	return nil
}

func userNamed(db *gorm.DB, name string) (user User, err error) {
	err = db.First(&user, "name = ?", name).Error
	return user, err
}
