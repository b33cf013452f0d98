package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

func archiveInvoice(db *gorm.DB, out io.Writer) error {
	if err := db.Create(&[]Invoice{{Number: "2026-001", Cents: 9900}, {Number: "2026-002", Cents: 4200}}).Error; err != nil {
		return err
	}
	var invoice Invoice
	if err := db.First(&invoice, "number = ?", "2026-001").Error; err != nil {
		return err
	}
	report, err := softdelete.Delete(db, &invoice)
	if err != nil {
		return err
	}
	printEffects(out, report.Effects)
	if err := printInvoices(db, out, "db.Find"); err != nil {
		return err
	}
	if err := printInvoices(db.Clauses(softdelete.OnlyDeleted), out, "OnlyDeleted"); err != nil {
		return err
	}
	return printInvoices(db.Clauses(softdelete.WithDeleted), out, "WithDeleted")
}

func restoreInvoice(db *gorm.DB, out io.Writer) error {
	var invoice Invoice
	if err := db.Clauses(softdelete.OnlyDeleted).First(&invoice, "number = ?", "2026-001").Error; err != nil {
		return err
	}
	report, err := softdelete.Restore(db, &invoice)
	if err != nil {
		return err
	}
	printEffects(out, report.Effects)
	return printInvoices(db, out, "db.Find")
}

// printInvoices shows the invoices that a query gives.
func printInvoices(db *gorm.DB, out io.Writer, query string) error {
	var numbers []string
	if err := db.Model(&Invoice{}).Order("number").Pluck("number", &numbers).Error; err != nil {
		return err
	}
	line(out, "%-11s  %s", query, strings.Join(numbers, ", "))
	return nil
}

func openAccount(db *gorm.DB, out io.Writer) error {
	account := Account{Owner: "Bob", Cents: 5000}
	ctx := softdelete.WithActor(db.Statement.Context, "admin")
	if err := db.WithContext(ctx).Create(&account).Error; err != nil {
		return err
	}
	line(out, "Bob has %d cents.", account.Cents)
	return nil
}

func draw(db *gorm.DB, out io.Writer) error {
	account, err := accountOf(db, "Bob")
	if err != nil {
		return err
	}
	ctx := softdelete.WithActor(db.Statement.Context, "user 2")
	if err := db.WithContext(ctx).Model(&account).Update("cents", gorm.Expr("cents - ?", 1500)).Error; err != nil {
		return err
	}
	if account, err = accountOf(db, "Bob"); err != nil {
		return err
	}
	line(out, "Bob has %d cents.", account.Cents)
	return nil
}

func closeAccount(db *gorm.DB, out io.Writer) error {
	account, err := accountOf(db, "Bob")
	if err != nil {
		return err
	}
	ctx := softdelete.WithActor(db.Statement.Context, "admin")
	ctx = softdelete.WithReason(ctx, "closed")
	if err := db.WithContext(ctx).Delete(&account).Error; err != nil {
		return err
	}
	events, err := softdelete.History(db, &account)
	if err != nil {
		return err
	}
	for _, e := range events {
		line(out, "%s  version %d  %-7s  by %-6s  %s", e.At.UTC().Format(time.DateOnly), e.Version, e.Type, e.Actor, e.Data)
	}
	var rows int64
	if err := db.Model(&Account{}).Count(&rows).Error; err != nil {
		return err
	}
	line(out, "Rows in accounts: %d", rows)
	return nil
}

func accountOnADay(db *gorm.DB, out io.Writer) error {
	for _, days := range []int{-3, -2, -1} {
		day := db.NowFunc().AddDate(0, 0, days)
		account := Account{ID: 1}
		switch err := softdelete.AsOf(db, &account, day); {
		case err == nil:
			line(out, "%s: %s has %d cents", day.Format(time.DateOnly), account.Owner, account.Cents)
		case errors.Is(err, gorm.ErrRecordNotFound):
			line(out, "%s: there is no such account", day.Format(time.DateOnly))
		default:
			return fmt.Errorf("the account on %s: %w", day.Format(time.DateOnly), err)
		}
	}
	return nil
}

func accountOf(db *gorm.DB, owner string) (account Account, err error) {
	return account, db.First(&account, "owner = ?", owner).Error
}
