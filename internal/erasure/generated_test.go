package erasure_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// reckonedColumns are made from personal columns by the database: one tagged, one not, and one whose text shows nothing of it.
	reckonedColumns struct {
		ID      uint
		Email   string `gorm:"type:text" pii:"template:gone-{id}"`
		Name    string `gorm:"type:text" pii:"func:blank"`
		Folded  string `gorm:"->;type:text GENERATED ALWAYS AS (lower(email)) STORED" pii:"fixed:[erased]"`
		Domain  string `gorm:"->;type:text GENERATED ALWAYS AS (substr(email, 1, 1)) STORED"`
		Letters int    `gorm:"->;type:integer GENERATED ALWAYS AS (length(name)) STORED"`
		Plan    string
	}
	reckonedPlain struct {
		Columns reckonedColumns `gorm:"embedded"`
	}
	reckonedLogged struct {
		_       struct{}        `softdelete:"events"`
		Columns reckonedColumns `gorm:"embedded"`
	}
	reckonedMarked struct {
		Columns   reckonedColumns `gorm:"embedded"`
		DeletedAt gorm.DeletedAt  `softdelete:"events"`
	}
	reckonedArchived struct {
		_       struct{}        `softdelete:"archive"`
		Columns reckonedColumns `gorm:"embedded"`
	}
	// reckonedTagged has no other personal column than one that the database reckons.
	reckonedTagged struct {
		ID     uint
		Email  string `gorm:"type:text"`
		Folded string `gorm:"->;type:text GENERATED ALWAYS AS (lower(email)) STORED" pii:"null"`
	}
)

func TestGeneratedColumnsChangeWithTheirSources(t *testing.T) {
	blank := map[string]softdelete.Masker{"blank": func(_ context.Context, _ any) (any, error) { return "", nil }}
	for name, make := range map[string]func(reckonedColumns) any{
		"plain":    func(c reckonedColumns) any { return &reckonedPlain{Columns: c} },
		"logged":   func(c reckonedColumns) any { return &reckonedLogged{Columns: c} },
		"marked":   func(c reckonedColumns) any { return &reckonedMarked{Columns: c} },
		"archived": func(c reckonedColumns) any { return &reckonedArchived{Columns: c} },
	} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			model := make(reckonedColumns{})
			db := fixture.Open(t, database, softdelete.Config{Models: []any{model}, Maskers: blank})
			columns := reckonedColumns{ID: 1, Email: "Canary@mail.test", Name: "Canary"}
			row := make(columns)
			require.NoError(t, db.Create(row).Error)
			require.NoError(t, db.Model(row).Update("email", "Canary@other.test").Error)
			if name == "archived" {
				require.NoError(t, db.Delete(row).Error)
				require.NoError(t, db.Create(make(columns)).Error, "the key is used again")
			}
			before := fixture.Dump(t, db, model)
			require.Contains(t, before, "folded:canary@", name)
			certificate, err := softdelete.Erase(db, make(reckonedColumns{ID: 1}), softdelete.ErasureRequest{})
			require.NoError(t, err, name)
			require.True(t, certificate.Verified)
			var rows []map[string]any
			require.NoError(t, db.Table(fixture.Table(t, db, model)).Find(&rows).Error)
			content := fixture.Dump(t, db, model) + fmt.Sprint(rows)
			if name == "logged" || name == "marked" {
				var events []map[string]any
				require.NoError(t, db.Table(fixture.Table(t, db, model)+"_events").Select("type, "+fixture.Text(db, "data")+" AS text").Order("id").Find(&events).Error)
				content += fmt.Sprint(events)
				require.NotContains(t, fmt.Sprint(events), `"letters":6`)
				require.NotContains(t, fmt.Sprint(events), `"letters": 6`)
				require.NotContains(t, strings.ReplaceAll(fmt.Sprint(events), `": "`, `":"`), `"domain":"C"`)
			}
			require.NotContains(t, strings.ToLower(content), "canary", name)
			again, err := softdelete.Erase(db, make(reckonedColumns{ID: 1}), softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Empty(t, again.Tables, name)
		})
	}
}

func TestAGeneratedColumnWhoseSourceStaysIsNotErased(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&reckonedTagged{}}})
		require.NoError(t, db.Create(&reckonedTagged{ID: 1, Email: "Canary@mail.test"}).Error)
		_, err := softdelete.Erase(db, &reckonedTagged{ID: 1}, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "table reckoned_taggeds, column folded")
	})
}
