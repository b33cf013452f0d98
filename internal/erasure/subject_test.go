package erasure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// User has the name of a model of another package.
type User struct {
	ID   uint
	Name string `pii:"null"`
}

// TableName keeps the two apart in the database.
func (User) TableName() string { return "namesakes" }

type (
	ambiguousNote struct {
		ID   uint
		User uint   `pii:"subject:User"`
		Text string `pii:"null"`
	}
	ownNote struct {
		ID   uint
		User uint   `pii:"subject:erasure_test.User"`
		Text string `pii:"null"`
	}
	othersNote struct {
		ID   uint
		User uint   `pii:"subject:github.com/gorm-softdelete/softdelete/internal/testdb/fixture.User"`
		Text string `pii:"null"`
	}
	pairedSubject struct {
		Realm  string `gorm:"primaryKey"`
		Number int    `gorm:"primaryKey;autoIncrement:false"`
		Name   string `pii:"null"`
	}
	pairedNote struct {
		ID   uint
		Of   int    `pii:"subject:pairedSubject"`
		Text string `pii:"null"`
	}
)

func TestASubjectIsOneModel(t *testing.T) {
	use := func(models ...any) error {
		return testdb.SQLite(t).Open(t).Use(softdelete.New(softdelete.Config{Models: models}))
	}
	err := use(&User{}, &fixture.Org{}, &fixture.User{}, &fixture.Post{}, &ambiguousNote{})
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	require.ErrorContains(t, err, "ambiguousNote.User: several models are named User; write one as subject:erasure_test.User or subject:fixture.User")
	require.NoError(t, use(&User{}, &User{}, &ambiguousNote{}), "one model that is listed twice is one")
	err = use(&pairedSubject{}, &pairedNote{})
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	require.ErrorContains(t, err, "pairedNote.Of: the primary key of pairedSubject has 2 columns")
	require.ErrorContains(t, use(&ownNote{}), `unknown subject "erasure_test.User"`)
}

func TestNamesakesAreErasedApart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Now()
		db := fixture.Open(t, database, softdelete.Config{Models: []any{
			&User{}, &fixture.Org{}, &fixture.User{}, &fixture.Post{}, &ownNote{}, &othersNote{},
		}})
		require.NoError(t, db.Create(&User{ID: 1, Name: "canary"}).Error)
		require.NoError(t, db.Create(&ownNote{ID: 1, User: 1, Text: "canary"}).Error)
		require.NoError(t, db.Create(&othersNote{ID: 1, User: 1, Text: "another's"}).Error)
		_, err := softdelete.Erase(db, &User{ID: 1}, softdelete.ErasureRequest{ReceivedAt: now})
		require.NoError(t, err)
		require.Equal(t, 1, fixture.Rows(t, db, "own_notes", "text IS NULL"))
		require.Equal(t, 1, fixture.Rows(t, db, "others_notes", "text = 'another''s'"))
	})
}
