package certificate_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// cutTo cuts the chain after a certificate, and sets its head back to that.
func cutTo(t *testing.T, db *gorm.DB, number int) {
	t.Helper()
	require.NoError(t, db.Exec("DELETE FROM softdelete_certificates WHERE number > ?", number).Error)
	require.NoError(t, db.Exec("UPDATE softdelete_certificate_head SET number = ?, hash = (SELECT hash FROM softdelete_certificates WHERE number = ?)",
		number, number).Error)
}

func TestASignedChainThatWasCutAndItsHeadSetBackIsFound(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, further := range []string{
			"", "UPDATE softdelete_certificate_head SET signature = ''",
			"UPDATE softdelete_certificate_head SET signature = (SELECT signature FROM softdelete_certificates WHERE number = 2)",
		} {
			keyed, keyless := signChain(t, database)
			latest := "r" + further[:min(1, len(further))] + "4"
			cutTo(t, keyed, 2)
			if further != "" {
				require.NoError(t, keyed.Exec(further).Error)
			}
			for _, db := range []*gorm.DB{keyed, keyless} {
				require.ErrorContains(t, softdelete.VerifyCertificates(db), "number 2", further)
				require.ErrorContains(t, softdelete.VerifyCertificates(db), "cut off", further)
			}
			c, err := softdelete.Erase(keyed, &certPerson{ID: 1}, softdelete.ErasureRequest{ID: latest})
			require.NoError(t, err)
			require.Contains(t, c.Text(), "Note: the certificates before this one did not fit", "the next certificate does not hide it")
			require.NoError(t, softdelete.VerifyCertificates(keyed))
			clear := func(table string) { require.NoError(t, keyed.Exec("DELETE FROM "+table).Error) }
			clear("softdelete_certificates")
			clear("softdelete_certificate_head")
		}
	})
}

func TestAChainOfAnEarlierVersionWithoutASignedHeadStillFits(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		keyed, keyless := signChain(t, database)
		last := writeChainAnew(t, keyed, func(number int, content map[string]any) {
			require.Equal(t, number > 1, content["head_signed"] == true)
			delete(content, "head_signed")
		}, func(number int, hash string) string {
			if number == 1 {
				return ""
			}
			return hex.EncodeToString(ed25519.Sign(signKey(1), []byte(hash)))
		})
		require.NoError(t, keyed.Exec("UPDATE softdelete_certificate_head SET hash = ?, signature = ''", last).Error)
		require.NoError(t, keyed.Exec("ALTER TABLE softdelete_certificate_head DROP COLUMN signature").Error)
		require.NoError(t, keyed.AutoMigrate(softdelete.Tables()...))
		require.NoError(t, softdelete.VerifyCertificates(keyed))
		require.NoError(t, softdelete.VerifyCertificates(keyless))

		_, err := softdelete.Erase(keyed, &certPerson{ID: 1}, softdelete.ErasureRequest{ID: "r4"})
		require.NoError(t, err)
		require.NoError(t, softdelete.VerifyCertificates(keyed))
		require.NoError(t, keyed.Exec("UPDATE softdelete_certificate_head SET signature = ''").Error)
		require.ErrorContains(t, softdelete.VerifyCertificates(keyed), "number 4", "from then on the head is signed")
	})
}
