package certificate

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room signs certificates. A certificate's text names the key that signs it, so that its hash, and with it the hashes of
// all that follow, say whether there has to be a signature. A signature vouches for its certificate and for all before it.

// CheckKey refuses a key that cannot sign: certificates would stay unsigned without a word.
func CheckKey(key ed25519.PrivateKey) error {
	if len(key) == 0 || len(key) == ed25519.PrivateKeySize {
		return nil
	}
	return fmt.Errorf("%w: Config.CertificateKey has %d bytes, an ed25519.PrivateKey has %d; make one with ed25519.GenerateKey or "+
		"ed25519.NewKeyFromSeed", gorm.ErrInvalidValue, len(key), ed25519.PrivateKeySize)
}

// Signer is the public key of Config.CertificateKey in hexadecimal digits; empty without one.
func (chain *Chain) Signer() string {
	key := chain.Key
	if len(key) == 0 {
		return ""
	}
	return hex.EncodeToString(key.Public().(ed25519.PublicKey))
}

// Sign is the signature of a text, as of a certificate's hash; empty without Config.CertificateKey.
func (chain *Chain) Sign(text string) string {
	key := chain.Key
	if len(key) == 0 {
		return ""
	}
	return hex.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// headText is what is signed of the chain's head. No certificate's hash is such a text.
func headText(number int64, hash string) string {
	return fmt.Sprintf("the head of the certificates is number %d with hash %s", number, hash)
}

// fitsHead checks that the head is signed by the key of the certificate that it names, where that one says so.
func fitsHead(row Row, head Head) error {
	c, err := row.read()
	if err != nil || !c.HeadSigned {
		return err
	}
	if !signedBy(c.SignedBy, headText(head.Number, head.Hash), head.Signature) {
		return misfit(row, "the chain's head has no signature for it: the head was set back to it, and later certificates may have been cut off")
	}
	return nil
}

// fitsSignature checks that a certificate has the signature that its text speaks of, or none where it speaks of none.
func (chain *Chain) fitsSignature(row Row, c Certificate) error {
	signer := chain.Signer()
	switch {
	case c.SignedBy == "" && row.Signature == "":
		return nil
	case c.SignedBy == "":
		return misfit(row, "it has a signature, and was written without one")
	case row.Signature == "":
		return misfit(row, "its signature is gone")
	case signer != "" && (c.SignedBy != signer || row.Signature != chain.Sign(row.Hash)):
		return misfit(row, "its signature is not by Config.CertificateKey")
	case !signedBy(c.SignedBy, row.Hash, row.Signature):
		return misfit(row, "its signature is not by the key that its text names")
	}
	return nil
}

// Misfit is why the head does not fit the last certificate; nil where it does. The head is locked.
func Misfit(tx statement.Session, head Head) (misfit, err error) {
	if head.Number == 0 {
		return nil, nil
	}
	rows, err := chainRows(tx, func(q *statement.Query) { q.Text(" WHERE ").Name("number").Text(" >= ").Bind(head.Number) })
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0 || rows[0].Number != head.Number:
		return fmt.Errorf("softdelete: the certificate with number %d is missing; "+compare, head.Number), nil
	case rows[0].Hash != head.Hash:
		return notOfHead(rows[0]), nil
	}
	return fitsHead(rows[0], head), nil
}

func notOfHead(row Row) error { return misfit(row, "the chain's head has another hash for it") }

// signedBy tells whether the signature of a text is by a public key, both in hexadecimal digits.
func signedBy(signer, text, signature string) bool {
	key, keyErr := hex.DecodeString(signer)
	content, err := hex.DecodeString(signature)
	return keyErr == nil && err == nil && len(key) == ed25519.PublicKeySize && hex.EncodeToString(content) == signature &&
		ed25519.Verify(key, []byte(text), content)
}

// vouchedFor checks that the chain ends with a signature where Config.CertificateKey is set. Unsigned certificates before it
// are covered by it, while unsigned ones after it could be anyone's.
func (chain *Chain) vouchedFor(rows []Row) error {
	if chain.Signer() == "" {
		return nil
	}
	unsigned := len(rows)
	for unsigned > 0 && rows[unsigned-1].Signature == "" {
		unsigned--
	}
	if unsigned == len(rows) {
		return nil
	}
	return misfit(rows[unsigned], "it has no signature, and no later certificate is signed by Config.CertificateKey and vouches for it; where "+
		"it was written before the key was set, the next erasure's signature covers it, and one of a subject that is erased already is enough")
}
