package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	refusedOwner struct{ ID uint }
	// refusedPerson has constraints of which only the database knows the outcome.
	refusedPerson struct {
		ID      uint
		Name    string `pii:"fixed:[erased]"`
		Nick    string `gorm:"check:nick_rule,lower(nick) <> 'gone'" pii:"func:nick"`
		OwnerID *uint  `pii:"func:owner"`
		Owner   *refusedOwner
		Late    *uint         `pii:"func:late"`
		Notes   []refusedNote `gorm:"foreignKey:PersonID"`
	}
	refusedNote struct {
		ID       uint
		PersonID uint
		Text     string `pii:"null"`
	}
)

func TestAConstraintThatRefusesUndoesTheErasureAndIsNamedWithoutValues(t *testing.T) {
	for fact, c := range map[string]struct {
		broken   string // the masker that gives what the database refuses
		sentinel error
		sqlite   []string
		postgres []string
		deferred string
		about    testdb.Only
	}{
		"a CHECK constraint": {
			"nick", gorm.ErrCheckConstraintViolated,
			[]string{"table refused_people", "the CHECK constraint nick_rule refuses what is written to the column nick; give the column a pii tag"},
			nil, "", testdb.Everywhere,
		},
		"a foreign key": {
			"owner", gorm.ErrForeignKeyViolated,
			[]string{"table refused_people", "the foreign key", "refuses what is written to the column owner_id; give the column pii:\"null\""},
			[]string{"the foreign key fk_refused_people_owner"},
			"", testdb.Everywhere,
		},
		"a foreign key that is checked at the commit": {
			"late", gorm.ErrForeignKeyViolated,
			[]string{"committing", "table refused_people", "the foreign key", "give the column pii:\"null\""},
			[]string{"late_rule"},
			" DEFERRABLE INITIALLY DEFERRED", testdb.DeferredKeys,
		},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.EachOf(t, c.about, func(t *testing.T, database *testdb.Database) {
				var lines bytes.Buffer
				broken := c.broken
				gives := func(name string, wrong, right any) softdelete.Masker {
					return func(context.Context, any) (any, error) {
						if broken == name {
							return wrong, nil
						}
						return right, nil
					}
				}
				db := database.Open(t, &gorm.Config{Logger: logger.New(log.New(&lines, "", 0), logger.Config{LogLevel: logger.Info})})
				models := []any{&refusedOwner{}, &refusedPerson{}, &refusedNote{}}
				require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Maskers: map[string]softdelete.Masker{
					"nick": gives("nick", "GONE", ""), "owner": gives("owner", uint(4711), nil), "late": gives("late", uint(4711), nil),
				}})))
				require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &refusedOwner{})...))
				refusedTables(t, db, c.deferred)
				require.NoError(t, db.Create(&refusedOwner{ID: 1}).Error)
				one := uint(1)
				person := refusedPerson{
					ID: 7, Name: "quokka", Nick: "quokka nick", OwnerID: &one, Late: &one, Notes: []refusedNote{{ID: 1, Text: "quokka note"}},
				}
				require.NoError(t, db.Create(&person).Error)
				lines.Reset()

				_, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{ID: "r"})
				require.ErrorIs(t, err, c.sentinel)
				for _, part := range append(c.sqlite, "nothing was erased") {
					require.ErrorContains(t, err, part)
				}
				if database.Name == "postgres" {
					for _, part := range append(c.postgres, "SQLSTATE 23") {
						require.ErrorContains(t, err, part)
					}
					var server interface{ SQLState() string }
					require.ErrorAs(t, err, &server)
					require.NotEmpty(t, server.SQLState())
				}
				require.NotContains(t, strings.ToLower(refusedTexts(err)+lines.String()), "quokka")
				require.NotContains(t, refusedTexts(err), "4711")
				var again refusedPerson
				require.NoError(t, db.Preload("Notes").First(&again, 7).Error)
				require.Equal(t, []any{"quokka", "quokka nick", uint(1), uint(1), "quokka note"},
					[]any{again.Name, again.Nick, *again.OwnerID, *again.Late, again.Notes[0].Text}, "the erasure is undone as a whole")
				list, err := softdelete.Certificates(db)
				require.NoError(t, err)
				require.Empty(t, list)

				broken = ""
				_, err = softdelete.Erase(db, &person, softdelete.ErasureRequest{ID: "r"})
				require.NoError(t, err, "the same request can be repeated")
			})
		})
	}
}

// refusedTables makes the tables by hand: GORM knows no constraint that is checked at the commit.
func refusedTables(t *testing.T, db *gorm.DB, deferred string) {
	t.Helper()
	key := fixture.KeyType(db)
	fixture.Exec(
		t, db,
		`CREATE TABLE refused_people (id integer PRIMARY KEY, name text, nick text, owner_id `+key+`, late `+key+`,
			CONSTRAINT nick_rule CHECK (lower(nick) <> 'gone'), CONSTRAINT fk_refused_people_owner FOREIGN KEY (owner_id) REFERENCES refused_owners (id),
			CONSTRAINT late_rule FOREIGN KEY (late) REFERENCES refused_owners (id)`+deferred+`)`,
		`CREATE TABLE refused_notes (id integer PRIMARY KEY, person_id integer, text text, FOREIGN KEY (person_id) REFERENCES refused_people (id))`,
	)
}

// refusedTexts are all texts that can be got out of an error: its own, and those of all that it wraps, with their fields.
func refusedTexts(err error) string {
	text := fmt.Sprintf("%v %+v", err, err)
	var server interface{ SQLState() string }
	if errors.As(err, &server) {
		text += fmt.Sprintf("%#v", reflect.Indirect(reflect.ValueOf(server)).Interface())
	}
	switch wrapping := err.(type) {
	case interface{ Unwrap() error }:
		if inner := wrapping.Unwrap(); inner != nil {
			text += refusedTexts(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapping.Unwrap() {
			text += refusedTexts(inner)
		}
	}
	return text
}

type excludedPerson struct {
	ID        uint
	Name      string `pii:"fixed:[erased]"`
	DeletedAt gorm.DeletedAt
}

func TestAnExclusionConstraintThatRefusesIsNamedToo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		if database.Name != "postgres" {
			return // the one that has them
		}
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&excludedPerson{}}})
		require.NoError(t, db.Exec("ALTER TABLE excluded_people ADD CONSTRAINT one_name EXCLUDE (name WITH =)").Error)
		require.NoError(t, db.Create(&[]excludedPerson{{ID: 1, Name: "quokka"}, {ID: 2, Name: "wombat"}}).Error)
		_, err := softdelete.Erase(db, &excludedPerson{ID: 1}, softdelete.ErasureRequest{ID: "r1"})
		require.NoError(t, err)
		_, err = softdelete.Erase(db, &excludedPerson{ID: 2}, softdelete.ErasureRequest{ID: "r2"})
		require.ErrorContains(t, err, "masking table excluded_people failed: the exclusion constraint one_name refuses what is written; another row "+
			"has that value, give the column a pii tag with {random}")
		require.NotContains(t, err.Error(), "wombat")
	})
}
