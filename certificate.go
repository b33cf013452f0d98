package softdelete

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the proof of an erasure, which stands in a chain.

// Certificate says what an erasure did. It holds names of tables and columns, keys, counts and times, nothing of the person.
type Certificate struct {
	// Number is the certificate's place in the chain, from 1.
	Number int64 `json:"number"`
	// ID identifies the certificate.
	ID string `json:"id"`
	// RequestID is the ID of the request that was fulfilled.
	RequestID string `json:"request_id"`
	// SubjectTable is the table of the erased person's row.
	SubjectTable string `json:"subject_table"`
	// SubjectKey is that row's primary key: a composite one is joined by ",", a "," in a part is "\,".
	SubjectKey string `json:"subject_key"`
	// ErasedAt is when the erasure was committed.
	ErasedAt time.Time `json:"erased_at"`
	// Tables count the rows that were masked or deleted.
	Tables []ErasedTable `json:"tables"`
	// Kept are the personal columns that stay.
	Kept []KeptColumn `json:"kept"`
	// Recipients are the third parties. Their states are those of now; the chain's hash is over their names.
	Recipients []Recipient `json:"recipients"`
	// Verified says that the rows were read again before the commit and that no old value was found.
	Verified bool `json:"verified"`
	// Notes say what lies outside of this erasure, such as free pages of the database's files.
	Notes []string `json:"notes"`
	// Ground is the request's ground of Art. 17(1) GDPR, "17.1.a" to "17.1.f"; empty where the request names none.
	Ground string `json:"ground,omitempty"`
	// ReceivedAt is when the request came; the zero time where the request does not say.
	ReceivedAt time.Time `json:"received_at,omitzero"`
	// PolicyHash is the hash of all pii tags that the erasure went by.
	PolicyHash string `json:"policy_hash"`
	// PrevHash is the hash of the certificate before this one, empty for the first.
	PrevHash string `json:"prev_hash"`
	// Hash is the hash of this certificate's text.
	Hash string `json:"hash"`
	// SignedBy is the public key of Config.CertificateKey in hexadecimal digits, empty without Config.CertificateKey. The
	// chain's hash is over SignedBy, so that a signature cannot be taken away.
	SignedBy string `json:"signed_by,omitempty"`
	// HeadSigned says that the chain's head is signed too while this is the last certificate, so that nobody without the key cuts
	// certificates off and sets the head back. Those of earlier versions do not say so.
	HeadSigned bool `json:"head_signed,omitempty"`
	// Signature is the ed25519 signature of Hash in hexadecimal digits, empty without Config.CertificateKey.
	Signature string `json:"signature,omitempty"`
}

// ErasedTable counts the rows of a table that an erasure masks or deletes.
type ErasedTable struct {
	// Table is the table's name; " (cold storage)" follows it for rows that lie there.
	Table string `json:"table"`
	// Columns are the masked columns.
	Columns []ErasedColumn `json:"columns"`
	// Masked counts the rows that are masked.
	Masked int64 `json:"masked"`
	// Deleted counts the rows that are removed.
	Deleted int64 `json:"deleted"`
}

// ErasedColumn is a masked column with the strategy that its pii tag names.
type ErasedColumn struct {
	// Column is the column's name.
	Column string `json:"column"`
	// Strategy is the word of its pii tag, as "fixed" or "truncate:year".
	Strategy string `json:"strategy"`
}

// KeptColumn is a personal column that an erasure keeps, with its legal basis and the number of the person's rows that have it.
type KeptColumn struct {
	// Table is the column's table.
	Table string `json:"table"`
	// Column is the column's name.
	Column string `json:"column"`
	// Basis is the legal basis that its pii tag names. Of a primary key that looks personal, which no erasure changes, it says that
	// there is none.
	Basis string `json:"basis"`
	// Rows is the number of the person's rows that have it.
	Rows int64 `json:"rows"`
}

// Recipient is a third party that is told of an erasure, one of Config.Processors.
type Recipient struct {
	// Name is the processor's.
	Name string `json:"name"`
	// State is "pending", "acknowledged" or, after the last attempt, "failed".
	State string `json:"state"`
	// AcknowledgedAt is when the processor acknowledged; nil until then.
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
}

// Complete tells whether every recipient has acknowledged.
func (c Certificate) Complete() bool {
	return !slices.ContainsFunc(c.Recipients, func(r Recipient) bool { return r.State != certificate.StateAcknowledged })
}

// Text is the certificate for people.
func (c Certificate) Text() string {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	line("Certificate of erasure %s, number %d", c.ID, c.Number)
	line("Request:  %s", c.RequestID)
	line("Subject:  table %s, key %s", c.SubjectTable, c.SubjectKey)
	if !c.ReceivedAt.IsZero() {
		line("Received: %s", c.ReceivedAt.UTC().Format(time.RFC3339))
	}
	if c.Ground != "" {
		line("Ground:   Art. 17(1)(%s) GDPR", strings.TrimPrefix(c.Ground, "17.1."))
	}
	line("Erased:   %s", c.ErasedAt.UTC().Format(time.RFC3339))
	line("")
	if len(c.Tables) == 0 {
		line("Nothing was left to mask: the subject had been erased before.")
	}
	for _, t := range c.Tables {
		if t.Deleted > 0 {
			line("Table %s: %s deleted.", t.Table, statement.CountText(t.Deleted, "row"))
			continue
		}
		columns := make([]string, len(t.Columns))
		for i, column := range t.Columns {
			columns[i] = column.Column + " (" + column.Strategy + ")"
		}
		line("Table %s: %s masked in %s.", t.Table, statement.CountText(t.Masked, "row"), strings.Join(columns, ", "))
	}
	for _, k := range c.Kept {
		line("Kept: column %s of table %s in %s; legal basis: %s.", k.Column, k.Table, statement.CountText(k.Rows, "row"), k.Basis)
	}
	for _, r := range c.Recipients {
		line("Recipient %s: %s.", r.Name, r.State)
	}
	if c.Verified {
		line("Before the commit the rows were read again; none of the old values was found in them.")
	}
	for _, note := range c.Notes {
		line("Note: %s", note)
	}
	line("")
	line("Tags:     %s", c.PolicyHash)
	line("Previous: %s", c.PrevHash)
	line("Hash:     %s", c.Hash)
	if c.Signature != "" {
		line("Key:      %s", c.SignedBy)
		line("Signed:   %s", c.Signature)
	}
	return text.String()
}

// Certificates lists all certificates in the order of the chain.
func Certificates(db *gorm.DB) ([]Certificate, error) {
	d, err := databaseOfAll(db, "Certificates")
	if err != nil {
		return nil, err
	}
	list, err := d.chain.List(statement.Reading(db))
	return each(list, certificateOf), d.outward(db, err)
}

// VerifyCertificates checks the chain of certificates from the first to the head, with their signatures: those that were
// changed, taken away or added. Where Config.CertificateKey is set they must be by that key, and the chain must end with one:
// it covers the unsigned certificates before it, such as those from before the key was set. The error names the first
// certificate that does not fit: one that was changed, removed, swapped, put in or cut off. Someone who may write to both
// tables and knows the program can forge a chain without signatures; only a key that lies elsewhere prevents that.
func VerifyCertificates(db *gorm.DB) error {
	d, err := databaseOfAll(db, "VerifyCertificates")
	if err != nil {
		return err
	}
	return d.outward(db, d.chain.Verify(statement.Reading(db)))
}

func certificateOf(c certificate.Certificate) Certificate {
	return Certificate{
		Number: c.Number, ID: c.ID, RequestID: c.RequestID, SubjectTable: c.SubjectTable, SubjectKey: c.SubjectKey, ErasedAt: c.ErasedAt,
		Tables: each(c.Tables, erasedTableOf), Kept: each(c.Kept, keptColumnOf),
		Recipients: each(c.Recipients, func(r certificate.Recipient) Recipient { return Recipient(r) }),
		Verified:   c.Verified, Notes: c.Notes, Ground: c.Ground, ReceivedAt: c.ReceivedAt, PolicyHash: c.PolicyHash, PrevHash: c.PrevHash, Hash: c.Hash,
		SignedBy: c.SignedBy, HeadSigned: c.HeadSigned, Signature: c.Signature,
	}
}

func erasedTableOf(t certificate.ErasedTable) ErasedTable {
	columns := each(t.Columns, func(c certificate.ErasedColumn) ErasedColumn { return ErasedColumn(c) })
	return ErasedTable{Table: t.Table, Columns: columns, Masked: t.Masked, Deleted: t.Deleted}
}

func keptColumnOf(k certificate.KeptColumn) KeptColumn { return KeptColumn(k) }
