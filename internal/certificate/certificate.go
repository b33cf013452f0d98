// Package certificate proves that erasures have happened: a chain of certificates, each with the hash of the one before it and
// perhaps a signature, the outbox by which third parties are told, and the ledger in a file outside of the database.
package certificate

import (
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the proof of an erasure: a chain of certificates, each with the hash of the one before it. What is hashed
// is the certificate's own text, kept as it is, so that no database's idea of time or number can change it.

// Certificate says what an erasure did. It holds names of tables and columns, keys, counts and times, nothing of the person.
type Certificate struct {
	// Number is the certificate's place in the chain, from 1.
	Number       int64         `json:"number"`
	ID           string        `json:"id"`
	RequestID    string        `json:"request_id"`
	SubjectTable string        `json:"subject_table"`
	SubjectKey   string        `json:"subject_key"`
	ErasedAt     time.Time     `json:"erased_at"`
	Tables       []ErasedTable `json:"tables"`
	Kept         []KeptColumn  `json:"kept"`
	// Recipients are the third parties. Their states are those of now; the chain's hash is over their names.
	Recipients []Recipient `json:"recipients"`
	// Verified says that the rows were read again before the commit and that no old value was found.
	Verified bool `json:"verified"`
	// Notes say what lies outside of this erasure, such as free pages of the database's files.
	Notes []string `json:"notes"`
	// Ground and ReceivedAt are the request's. They are left out where they are empty: certificates from before have neither, and
	// their hashes stay.
	Ground     string    `json:"ground,omitempty"`
	ReceivedAt time.Time `json:"received_at,omitzero"`
	// PolicyHash is the hash of all pii tags that the erasure went by.
	PolicyHash string `json:"policy_hash"`
	PrevHash   string `json:"prev_hash"`
	Hash       string `json:"hash"`
	// SignedBy is the public key of Config.CertificateKey, Signature the ed25519 signature of Hash, both in hexadecimal digits;
	// both are empty without Config.CertificateKey. The chain's hash is over SignedBy, so that a signature cannot be taken away.
	SignedBy string `json:"signed_by,omitempty"`
	// HeadSigned says that the chain's head is signed too while this is the last certificate. Those of earlier versions do not say so.
	HeadSigned bool   `json:"head_signed,omitempty"`
	Signature  string `json:"signature,omitempty"`
}

// Recipient is a third party that is told of an erasure, one of Config.Processors.
type Recipient struct {
	Name           string     `json:"name"`
	State          string     `json:"state"` // "pending", "acknowledged" or, after the last attempt, "failed"
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
}

// Row is a row of the table softdelete_certificates.
type Row struct {
	Number    int64  `gorm:"column:number;primaryKey;autoIncrement:false"`
	ID        string `gorm:"column:id;size:64;uniqueIndex"`
	RequestID string `gorm:"column:request_id;size:128;uniqueIndex"`
	Document  string `gorm:"column:document;type:text"` // what is hashed
	Hash      string `gorm:"column:hash;size:64"`
	Signature string `gorm:"column:signature;size:128"`
}

// TableName implements schema.Tabler.
func (Row) TableName() string { return "softdelete_certificates" }

// Head is the one row of the table softdelete_certificate_head: number and hash of the last certificate, kept
// apart so that a certificate cut off the end shows.
type Head struct {
	ID     int64  `gorm:"column:id;primaryKey;autoIncrement:false"`
	Number int64  `gorm:"column:number"`
	Hash   string `gorm:"column:hash;size:64"`
	// Signature is that of number and hash, by the key that has signed the last certificate. Nothing else has it, so that nobody
	// without the key sets the head back to an earlier certificate.
	Signature string `gorm:"column:signature;size:128;not null;default:''"`
}

// TableName implements schema.Tabler.
func (Head) TableName() string { return "softdelete_certificate_head" }

// The tables of the chain and of its head.
var (
	chainTable = statement.NewOwn[Row]()
	headTable  = statement.NewOwn[Head]()
)

// Document is the certificate's text, without what changes later and without what is made from the text.
func (c Certificate) Document() (string, error) {
	c.Hash, c.Signature = "", ""
	recipients := make([]Recipient, len(c.Recipients))
	for i, r := range c.Recipients {
		recipients[i] = Recipient{Name: r.Name}
	}
	c.Recipients = recipients
	text, err := json.Marshal(c)
	return string(text), err
}

// LockHead reads the chain's head and keeps others from appending until the transaction ends.
func LockHead(tx statement.Session) (head Head, err error) {
	if err := headTable.InsertMissing(tx, Head{ID: 1}); err != nil {
		return head, erasedrow.TablesError(err)
	}
	found, err := headTable.Find(tx, func(q *statement.Query) { q.Text(" WHERE ").Name("id").Text(" = 1").Lock(dialect.SoleLock) })
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: the head of the certificates in table %s; "+compare, gorm.ErrRecordNotFound, headTable.Name())
	}
	if err != nil {
		return head, err
	}
	return found[0], nil
}

// Append adds a certificate's row to the chain, whose head is locked.
func (chain *Chain) Append(tx statement.Session, row Row) error {
	if err := chainTable.Insert(tx, row); err != nil {
		return err
	}
	q := headTable.Update(tx).Name("number").Text(" = ").Bind(row.Number).Text(", ").Name("hash").Text(" = ").Bind(row.Hash)
	q.Text(", ").Name("signature").Text(" = ").Bind(chain.Sign(headText(row.Number, row.Hash)))
	_, err := q.Text(" WHERE ").Name("id").Text(" = 1").Exec()
	return err
}

// Of finds the certificate of a request; nil where there is none.
func Of(tx statement.Session, request string) (*Certificate, error) {
	list, err := certificates(tx, func(q *statement.Query) { q.Text(" WHERE ").Name("request_id").Text(" = ").Bind(request) })
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// certificates reads certificates in the order of the chain, with the recipients' states of now.
func certificates(tx statement.Session, condition func(q *statement.Query)) ([]Certificate, error) {
	rows, err := chainRows(tx, condition)
	if err != nil {
		return nil, err
	}
	list := make([]Certificate, 0, len(rows))
	for _, row := range rows {
		c, err := row.read()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, fillRecipients(tx, list)
}

// chainRows reads rows of certificates in the order of the chain; a nil condition gives all.
func chainRows(tx statement.Session, condition func(q *statement.Query)) ([]Row, error) {
	rows, err := chainTable.Find(tx, func(q *statement.Query) {
		if condition != nil {
			condition(q)
		}
		q.Text(" ORDER BY ").Name("number")
	})
	return rows, erasedrow.TablesError(err)
}

func (row Row) read() (c Certificate, err error) {
	if err := json.Unmarshal([]byte(row.Document), &c); err != nil {
		return c, fmt.Errorf("softdelete: the certificate with number %d cannot be read; call VerifyCertificates", row.Number)
	}
	c.Hash, c.Signature = row.Hash, row.Signature
	return c, nil
}

// List lists all certificates in the order of the chain.
func (chain *Chain) List(db *gorm.DB) ([]Certificate, error) {
	session := chain.Session(statement.OnWriter(db))
	if err := chain.Records.Need(session); err != nil {
		return nil, err
	}
	return certificates(session, nil)
}

// Verify checks the chain of certificates from the first to the head, with their signatures. The error names the
// first certificate that does not fit.
func (chain *Chain) Verify(db *gorm.DB) error {
	session := chain.Session(statement.OnWriter(db))
	if err := chain.Records.Need(session); err != nil {
		return err
	}
	// The head first: what is appended meanwhile then only makes the chain longer.
	head, err := headTable.Find(session, nil)
	if err != nil {
		return erasedrow.TablesError(err)
	}
	var last Head
	if len(head) == 1 {
		last = head[0]
	}
	rows, err := chainRows(session, nil)
	if err != nil {
		return err
	}
	previous := ""
	for i, row := range rows {
		if err := chain.fits(row, int64(i+1), previous); err != nil {
			return err
		}
		previous = row.Hash
		if row.Number != last.Number {
			continue
		}
		if row.Hash != last.Hash {
			return notOfHead(row)
		}
		if err := fitsHead(row, last); err != nil {
			return err
		}
	}
	switch {
	case len(head) == 0 && len(rows) > 0:
		return fmt.Errorf("softdelete: the certificate chain has lost its head; the table %s is empty; "+compare, last.TableName())
	case int64(len(rows)) < last.Number:
		return fmt.Errorf("softdelete: the certificate with number %d is missing: the chain's head says that there are %d; "+compare, len(rows)+1, last.Number)
	case len(rows) > 0 && last.Number == 0:
		return misfit(rows[0], "the chain's head does not know of it")
	}
	return chain.vouchedFor(rows)
}

// compare ends the errors of a chain that somebody has changed, or that a restore has brought back in part.
const compare = "find out who changed it, and bring the tables of certificates back from one backup"

func misfit(row Row, why string) error {
	return fmt.Errorf("softdelete: the certificate with number %d, ID %s, does not fit the chain: %s; "+compare, row.Number, row.ID, why)
}

// fits checks one certificate at its place in the chain.
func (chain *Chain) fits(row Row, number int64, previous string) error {
	c, err := row.read()
	switch {
	case row.Number != number:
		return fmt.Errorf("softdelete: the certificate with number %d is missing; the next one there is number %d, ID %s; "+compare, number, row.Number, row.ID)
	case erasedrow.HashOf(row.Document) != row.Hash:
		return misfit(row, "its text does not have its hash")
	case err != nil:
		return err
	case c.Number != row.Number || c.ID != row.ID || c.RequestID != row.RequestID:
		return misfit(row, "its text speaks of another certificate")
	case c.PrevHash != previous:
		return misfit(row, "it does not follow the certificate before it")
	}
	return chain.fitsSignature(row, c)
}
