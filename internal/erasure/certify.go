package erasure

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// certify appends the certificate to the chain.
func (x *erasure) certify(tx statement.Session, newly []*reachedModel) (*certificate.Certificate, error) {
	c := &certificate.Certificate{
		ID: strings.ToLower(rand.Text()), RequestID: x.request.ID, SubjectTable: x.root.Table, SubjectKey: x.text,
		ErasedAt: tx.NowFunc().UTC().Truncate(time.Microsecond),
		Tables:   mergeTables(x.before, append(x.tables(newly), x.cold.tables()...)), Kept: x.keptColumns(), Verified: true, PolicyHash: x.policyHash(),
		Ground: x.request.Ground, ReceivedAt: x.request.ReceivedAt,
		Recipients: []certificate.Recipient{}, SignedBy: x.eraser.Chain.Signer(), HeadSigned: x.eraser.Chain.Signer() != "",
	}
	note, err := x.eraser.Dialect.Remnants(tx.InWork(tx.Statement.Context).DB)
	if err != nil {
		return nil, err
	}
	if note != "" {
		c.Notes = append(c.Notes, note)
	}
	c.Notes = append(c.Notes, x.keyNotes()...)
	if x.cold != nil {
		c.Notes = append(c.Notes, x.cold.notes()...)
	} else {
		c.Notes = append(c.Notes, x.unreachedCold()...)
	}
	if x.progress != nil {
		c.Notes = append(c.Notes, fmt.Sprintf("the rows were erased in %d transactions, each read back before its commit", x.progress.Batches+1))
	}
	for _, p := range x.eraser.Chain.Processors {
		name, err := certificate.ProcessorName(p)
		if err != nil {
			return nil, err
		}
		c.Recipients = append(c.Recipients, certificate.Recipient{Name: name, State: certificate.StatePending})
	}
	head, err := certificate.LockHead(tx)
	if err != nil {
		return nil, err
	}
	misfit, err := certificate.Misfit(tx, head)
	if err != nil {
		return nil, err
	}
	if misfit != nil {
		c.Notes = append(c.Notes, "the certificates before this one did not fit: "+misfit.Error())
	}
	c.Number, c.PrevHash = head.Number+1, head.Hash
	document, err := c.Document()
	if err != nil {
		return nil, err
	}
	c.Hash = erasedrow.HashOf(document)
	c.Signature = x.eraser.Chain.Sign(c.Hash)
	row := certificate.Row{Number: c.Number, ID: c.ID, RequestID: c.RequestID, Document: document, Hash: c.Hash, Signature: c.Signature}
	if err := x.eraser.Chain.Append(tx, row); err != nil {
		return nil, x.quiet(tx, err, "appending a certificate to", row.TableName())
	}
	return c, nil
}

// led lists the models of the rows that the erasure led to.
func (x *erasure) led() (list []*policy.Policy) {
	for _, m := range x.reach.rows {
		list = append(list, m.Policy)
	}
	if x.cold != nil {
		for _, m := range x.cold.models {
			if len(m.batches) > 0 {
				list = append(list, m.Policy)
			}
		}
	}
	return list
}

// policyHash is the hash of the pii tags of all models that the erasure led to.
func (x *erasure) policyHash() string {
	var lines []string
	for _, p := range x.led() {
		if p.Personal == nil {
			continue
		}
		for _, column := range slices.Sorted(maps.Keys(p.Personal.Tags)) {
			lines = append(lines, p.Table+"."+column+"="+p.Personal.Tags[column])
		}
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	return erasedrow.HashOf(strings.Join(lines, "\n"))
}
