package certificate

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"

	"gorm.io/gorm"
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

// Sign is the signature of a certificate's hash; empty without Config.CertificateKey.
func (chain *Chain) Sign(hash string) string {
	key := chain.Key
	if len(key) == 0 {
		return ""
	}
	return hex.EncodeToString(ed25519.Sign(key, []byte(hash)))
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
	case !signedBy(c.SignedBy, row):
		return misfit(row, "its signature is not by the key that its text names")
	}
	return nil
}

// signedBy tells whether the signature is by a public key in hexadecimal digits.
func signedBy(signer string, row Row) bool {
	key, keyErr := hex.DecodeString(signer)
	signature, err := hex.DecodeString(row.Signature)
	return keyErr == nil && err == nil && len(key) == ed25519.PublicKeySize && hex.EncodeToString(signature) == row.Signature &&
		ed25519.Verify(key, []byte(row.Hash), signature)
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
