package erasure_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// requestUser is a person with a name.
type requestUser struct {
	ID        uint
	Name      string `pii:"fixed:erased"`
	DeletedAt gorm.DeletedAt
}

func requestOpen(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Open(t, database, softdelete.Config{Models: []any{&requestUser{}}})
	require.NoError(t, db.Create(&[]requestUser{{ID: 1, Name: "canary one"}, {ID: 2, Name: "canary two"}}).Error)
	return db
}

func TestACertificateHasGroundAndTimeOfItsRequest(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := requestOpen(t, database)
		received := time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.FixedZone("", 3600))
		with, err := softdelete.Erase(db, &requestUser{ID: 1}, softdelete.ErasureRequest{ID: "with", Ground: "17.1.b", ReceivedAt: received})
		require.NoError(t, err)
		without, err := softdelete.Erase(db, &requestUser{ID: 2}, softdelete.ErasureRequest{ID: "without"})
		require.NoError(t, err)
		require.Equal(t, "17.1.b", with.Ground)
		require.Equal(t, received.UTC().Truncate(time.Microsecond), with.ReceivedAt)
		require.Contains(t, with.Text(), "Ground:   Art. 17(1)(b) GDPR\n")
		require.Contains(t, with.Text(), "Received: 2024-02-29T22:59:59Z\n")

		list, err := softdelete.Certificates(db)
		require.NoError(t, err)
		require.Equal(t, []softdelete.Certificate{*with, *without}, list)
		require.NoError(t, softdelete.VerifyCertificates(db))

		text, err := json.Marshal(without)
		require.NoError(t, err)
		require.NotContains(t, string(text), "ground", "what is empty is left out, as it was in earlier certificates")
		require.NotContains(t, string(text), "received_at")
	})
}

func TestARequestThatCannotBeIsErrRequest(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := requestOpen(t, database)
		for name, r := range map[string]softdelete.ErasureRequest{
			"an ID with a space":      {ID: "for Ann"},
			"a ground of free text":   {ID: "r", Ground: "Ann wants it"},
			"a ground of another law": {ID: "r", Ground: "17.1.g"},
			"a ground in the middle":  {ID: "r", Ground: "17.1.ab"},
			"the future":              {ID: "r", ReceivedAt: time.Now().Add(time.Hour)},
		} {
			_, err := softdelete.Erase(db, &requestUser{ID: 1}, r)
			require.ErrorIs(t, err, softdelete.ErrRequest, name)
			require.NotContains(t, err.Error(), "Ann", name)
			require.NotContains(t, err.Error(), "struct or slice", name)
		}
		_, err := softdelete.Erase(db, &requestUser{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		_, err = softdelete.Erase(db, &requestUser{ID: 2}, softdelete.ErasureRequest{ID: "r"})
		require.ErrorIs(t, err, softdelete.ErrRequest, "the request of another subject")
	})
}
