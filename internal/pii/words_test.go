package pii_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type wordsPerson struct {
	ID        uint
	Name      string `pii:"mask"`
	Email     string `pii:"tempalte:{id}@example.invalid"`
	Phone     string `pii:"null,zero"`
	DeletedAt gorm.DeletedAt
}

func TestAnUnknownWordIsAnsweredWithTheMasksThatAreKnown(t *testing.T) {
	db := testdb.SQLite(t).Open(t)
	err := db.Use(softdelete.New(softdelete.Config{Models: []any{&wordsPerson{}}}))
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	known := "; known are null, zero, fixed, template, random, hmac, truncate, json, func, keep, basis, -, delete, subject"
	require.ErrorContains(t, err, `wordsPerson.Name: unknown pii setting "mask"`+known)
	require.ErrorContains(t, err, `wordsPerson.Email: unknown pii setting "tempalte" (did you mean "template"?)`+known)
	require.ErrorContains(t, err, `wordsPerson.Phone: unknown pii setting "null,zero": settings are separated by ";", as in null;zero`)
}
