package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

func erase(db *gorm.DB, out io.Writer) error {
	var ann User
	if err := db.First(&ann, "name = ?", "Ann").Error; err != nil {
		return err
	}
	certificate, err := softdelete.Erase(db, &ann, softdelete.ErasureRequest{ID: "ticket-4711"})
	if err != nil {
		return err
	}
	for _, l := range strings.Split(strings.TrimSpace(certificate.Text()), "\n") {
		fmt.Fprintln(out, strings.TrimRight("   "+l, " "))
	}
	return softdelete.VerifyCertificates(db)
}

func afterErasure(db *gorm.DB, out io.Writer) error {
	var ann User
	if err := db.Clauses(softdelete.WithDeleted).Preload("Payments").First(&ann, 1).Error; err != nil {
		return err
	}
	line(out, "user 1: %s <%s>, %s", ann.Name, ann.Email, state(ann.DeletedAt.Valid))
	for _, payment := range ann.Payments {
		line(out, "payment %d: %d cents by %s, which the law wants kept", payment.ID, payment.Cents, payment.Payer)
	}
	_, err := softdelete.Restore(db, &ann)
	if !errors.Is(err, softdelete.ErrErased) {
		return fmt.Errorf("expected the restore to be refused, got %w", err)
	}
	line(out, "%v", err)
	return nil
}
