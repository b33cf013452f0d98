package certificate_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type certPerson struct {
	ID   uint
	Name string `pii:"null"`
}

func certOpen(t *testing.T, database *testdb.Database, config softdelete.Config) *gorm.DB {
	t.Helper()
	config.Models = []any{&certPerson{}}
	return fixture.Open(t, database, config)
}

// certErase makes persons and erases them, with the request IDs r1, r2, …
func certErase(t *testing.T, db *gorm.DB, n int) {
	t.Helper()
	for i := range n {
		person := certPerson{Name: "canary"}
		require.NoError(t, db.Create(&person).Error)
		_, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{ID: fmt.Sprintf("r%d", i+1)})
		require.NoError(t, err)
	}
}

func TestVerifyCertificates(t *testing.T) {
	for name, c := range map[string]struct {
		tamper []string
		want   string
	}{
		"an edit":             {[]string{"UPDATE softdelete_certificates SET document = replace(document, 'r2', 'rX') WHERE number = 2"}, "number 2"},
		"an edited hash":      {[]string{"UPDATE softdelete_certificates SET hash = 'x' WHERE number = 2"}, "number 2"},
		"an edited column":    {[]string{"UPDATE softdelete_certificates SET request_id = 'other' WHERE number = 2"}, "number 2"},
		"a removal":           {[]string{"DELETE FROM softdelete_certificates WHERE number = 2"}, "number 2 is missing"},
		"a removal, closed":   {[]string{"DELETE FROM softdelete_certificates WHERE number = 2", "UPDATE softdelete_certificates SET number = 2 WHERE number = 3"}, "number 2"},
		"the first one gone":  {[]string{"DELETE FROM softdelete_certificates WHERE number = 1"}, "number 1 is missing"},
		"a tail that was cut": {[]string{"DELETE FROM softdelete_certificates WHERE number = 3"}, "number 3 is missing"},
		"all of them gone":    {[]string{"DELETE FROM softdelete_certificates"}, "number 1 is missing"},
		"a head that is gone": {[]string{"DELETE FROM softdelete_certificate_head"}, "lost its head"},
		"a swap": {[]string{
			"UPDATE softdelete_certificates SET number = 9 WHERE number = 2", "UPDATE softdelete_certificates SET number = 2 WHERE number = 3",
			"UPDATE softdelete_certificates SET number = 3 WHERE number = 9",
		}, "number 2"},
		"an insertion": {[]string{
			"UPDATE softdelete_certificates SET number = 4 WHERE number = 3",
			"INSERT INTO softdelete_certificates (number, id, request_id, document, hash, signature) SELECT 3, 'x', 'x', document, hash, signature FROM softdelete_certificates WHERE number = 2",
		}, "number 3"},
	} {
		t.Run(name, func(t *testing.T) {
			db := certOpen(t, testdb.SQLite(t), softdelete.Config{})
			certErase(t, db, 3)
			require.NoError(t, softdelete.VerifyCertificates(db))
			for _, statement := range c.tamper {
				require.NoError(t, db.Exec(statement).Error)
			}
			err := softdelete.VerifyCertificates(db)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "bring the tables of certificates back from one backup")
		})
	}
}

func TestCertificates(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		_, key, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		db := certOpen(t, database, softdelete.Config{CertificateKey: key})

		t.Run("an empty chain is whole", func(t *testing.T) { require.NoError(t, softdelete.VerifyCertificates(db)) })
		certErase(t, db, 2)
		t.Run("they come back as they were given, whatever the database makes of times", func(t *testing.T) {
			list, err := softdelete.Certificates(db)
			require.NoError(t, err)
			require.Len(t, list, 2)
			require.Equal(t, list[0].Hash, list[1].PrevHash)
			again, err := softdelete.Erase(db, &certPerson{ID: 2}, softdelete.ErasureRequest{ID: "r2"})
			require.NoError(t, err)
			require.Equal(t, list[1], *again)
			var copied softdelete.Certificate
			text, err := json.Marshal(list[1])
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, &copied))
			require.Equal(t, list[1], copied)
			require.True(t, list[0].Complete(), "without recipients")
		})
		t.Run("another key's signatures do not fit", func(t *testing.T) {
			require.NoError(t, softdelete.VerifyCertificates(db))
			_, other, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			stranger := fixture.Use(t, database, softdelete.Config{CertificateKey: other})
			require.ErrorContains(t, softdelete.VerifyCertificates(stranger), "signature")
		})
		t.Run("appending at once does not fork the chain, and one request is done once", func(t *testing.T) {
			const persons, calls = 6, 2
			var wait sync.WaitGroup
			errs := make([]error, persons*calls)
			for i := range persons {
				person := certPerson{Name: "canary"}
				require.NoError(t, db.Create(&person).Error)
				for j := range calls {
					wait.Go(func() {
						_, errs[i*calls+j] = softdelete.Erase(db, &certPerson{ID: person.ID}, softdelete.ErasureRequest{ID: fmt.Sprintf("at-once-%d", i)})
					})
				}
			}
			wait.Wait()
			for _, err := range errs {
				require.NoError(t, err)
			}
			require.NoError(t, softdelete.VerifyCertificates(db))
			list, err := softdelete.Certificates(db)
			require.NoError(t, err)
			require.Len(t, list, 2+persons)
		})
	})
}

func TestErasuresNeedTheirTables(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&certPerson{}})
		person := certPerson{Name: "a"}
		require.NoError(t, db.Create(&person).Error)
		require.NoError(t, db.Model(&person).Update("name", "b").Error, "a model may have tags before anyone erases")
		_, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "softdelete.Tables()")
	})
}
