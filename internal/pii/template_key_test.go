package pii_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// templateBadge has a key of several columns, two of which are texts.
type templateBadge struct {
	Hall      string `gorm:"primaryKey;size:10"`
	Number    int    `gorm:"primaryKey;autoIncrement:false"`
	Row       string `gorm:"primaryKey;size:10"`
	Name      string `gorm:"size:60" pii:"template:badge {id}"`
	DeletedAt gorm.DeletedAt
}

func TestTemplatesOfKeysThatReadAlikeAreNotTheSame(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&templateBadge{}}})
		badges := []templateBadge{
			{Hall: "a-1", Number: 2, Row: "c"},
			{Hall: "a", Number: 1, Row: "2-c"},
			{Hall: "a-", Number: 1, Row: "c"},
			{Hall: "a", Number: -1, Row: "c"},
			{Hall: "ä", Number: 1, Row: "c.1"},
			{Hall: "ä-1", Number: 1, Row: "c"},
		}
		seen := map[string]bool{}
		for i := range badges {
			badges[i].Name = fmt.Sprint("person ", i)
			require.NoError(t, db.Create(&badges[i]).Error)
			_, err := softdelete.Erase(db, &badges[i], softdelete.ErasureRequest{ID: fmt.Sprint("r", i)})
			require.NoError(t, err)
			masked := templateBadge{Hall: badges[i].Hall, Number: badges[i].Number, Row: badges[i].Row}
			require.NoError(t, db.Unscoped().Where(map[string]any{"hall": masked.Hall, "number": masked.Number, "row": masked.Row}).Take(&masked).Error)
			require.False(t, seen[masked.Name], "%q is there twice", masked.Name)
			seen[masked.Name] = true
		}
	})
}
