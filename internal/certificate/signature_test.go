package certificate_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// signKey is a key for certificates, the same at each call for the same number.
func signKey(number byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), number))
}

// signChain is a chain of one unsigned certificate, from before the key was set, and two that are signed. It gives the
// database as one who has the key sees it, and as one who has none.
func signChain(t *testing.T, database *testdb.Database) (keyed, keyless *gorm.DB) {
	t.Helper()
	keyless = certOpen(t, database, softdelete.Config{})
	certErase(t, keyless, 1)
	keyed = certOpen(t, database, softdelete.Config{CertificateKey: signKey(1)})
	for _, id := range []string{"r2", "r3"} {
		_, err := softdelete.Erase(keyed, &certPerson{ID: 1}, softdelete.ErasureRequest{ID: id})
		require.NoError(t, err)
	}
	return keyed, keyless
}

func TestVerifyCertificatesFindsSignaturesThatWereTouched(t *testing.T) {
	const unsigned, signed = "UPDATE softdelete_certificates SET signature = %s WHERE number = 1",
		"UPDATE softdelete_certificates SET signature = %s WHERE number = 2"
	other := "'" + hex.EncodeToString(ed25519.Sign(signKey(2), []byte("x"))) + "'"
	for name, c := range map[string]struct{ statement, want string }{
		"one that was taken away": {fmt.Sprintf(signed, "''"), "number 2"},
		"one that is NULL":        {fmt.Sprintf(signed, "NULL"), "number 2"},
		"one of another hash":     {fmt.Sprintf(signed, "(SELECT s.signature FROM softdelete_certificates AS s WHERE s.number = 3)"), "number 2"},
		"one of another key":      {fmt.Sprintf(signed, other), "number 2"},
		"one in capitals":         {fmt.Sprintf(signed, "upper(signature)"), "number 2"},
		"one that is no number":   {fmt.Sprintf(signed, "'none'"), "number 2"},
		"one that was put on an unsigned certificate": {
			fmt.Sprintf(unsigned, "(SELECT s.signature FROM softdelete_certificates AS s WHERE s.number = 2)"), "number 1",
		},
		"text on an unsigned certificate": {fmt.Sprintf(unsigned, "'x'"), "number 1"},
		"all that were taken away":        {"UPDATE softdelete_certificates SET signature = ''", "number 2"},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				keyed, keyless := signChain(t, database)
				require.NoError(t, softdelete.VerifyCertificates(keyed))
				require.NoError(t, softdelete.VerifyCertificates(keyless))
				require.NoError(t, keyed.Exec(c.statement).Error)
				require.ErrorContains(t, softdelete.VerifyCertificates(keyed), c.want)
				require.ErrorContains(t, softdelete.VerifyCertificates(keyless), c.want, "the certificate's text names its key")
			})
		})
	}
}

func TestAnUnsignedCertificateNeedsALaterSignature(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		keyless := certOpen(t, database, softdelete.Config{})
		certErase(t, keyless, 2)
		keyed := certOpen(t, database, softdelete.Config{CertificateKey: signKey(1)})
		err := softdelete.VerifyCertificates(keyed)
		require.ErrorContains(t, err, "number 1")
		require.ErrorContains(t, err, "the next erasure's signature covers it")
		c, err := softdelete.Erase(keyed, &certPerson{ID: 1}, softdelete.ErasureRequest{ID: "again"})
		require.NoError(t, err)
		require.Empty(t, c.Tables, "a subject that is erased already is enough")
		require.NoError(t, softdelete.VerifyCertificates(keyed))
		require.Equal(t, hex.EncodeToString(signKey(1).Public().(ed25519.PublicKey)), c.SignedBy)
		require.Contains(t, c.Text(), c.SignedBy)

		_, err = softdelete.Erase(keyless, &certPerson{ID: 1}, softdelete.ErasureRequest{ID: "unsigned"})
		require.NoError(t, err)
		require.ErrorContains(t, softdelete.VerifyCertificates(keyed), "number 4")
		require.NoError(t, softdelete.VerifyCertificates(keyless))
	})
}

// writeChainAnew changes the content of three certificates, and gives them hashes that fit and the signatures that sign makes of these. It
// gives the last hash.
func writeChainAnew(t *testing.T, db *gorm.DB, change func(number int, content map[string]any), sign func(number int, hash string) string) (hash string) {
	t.Helper()
	for number := 1; number <= 3; number++ {
		var document string
		require.NoError(t, db.Raw("SELECT document FROM softdelete_certificates WHERE number = ?", number).Scan(&document).Error)
		var content map[string]any
		require.NoError(t, json.Unmarshal([]byte(document), &content))
		change(number, content)
		content["prev_hash"] = hash
		text, err := json.Marshal(content)
		require.NoError(t, err)
		sum := sha256.Sum256(text)
		hash = hex.EncodeToString(sum[:])
		require.NoError(t, db.Exec("UPDATE softdelete_certificates SET document = ?, hash = ?, signature = ? WHERE number = ?",
			string(text), hash, sign(number, hash), number).Error)
	}
	return hash
}

// Whoever can write to the tables and knows the program writes the chain anew, with hashes that fit.
func TestAChainThatWasWrittenAnewWithoutSignaturesIsFound(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		keyed, keyless := signChain(t, database)
		last := writeChainAnew(t, keyed, func(_ int, content map[string]any) {
			delete(content, "signed_by")
			delete(content, "head_signed")
		}, func(int, string) string { return "" })
		require.NoError(t, keyed.Exec("UPDATE softdelete_certificate_head SET hash = ?", last).Error)
		require.NoError(t, softdelete.VerifyCertificates(keyless), "without the key nobody can tell")
		require.ErrorContains(t, softdelete.VerifyCertificates(keyed), "number 1")
	})
}

func TestACertificateKeyThatCannotSignIsRefused(t *testing.T) {
	db := testdb.SQLite(t).Open(t)
	err := db.Use(softdelete.New(softdelete.Config{CertificateKey: ed25519.PrivateKey(strings.Repeat("k", 32))}))
	require.ErrorIs(t, err, gorm.ErrInvalidValue)
	require.ErrorContains(t, err, "Config.CertificateKey has 32 bytes")
	require.NotContains(t, err.Error(), "kkk")
}
