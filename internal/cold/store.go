// Package cold: cold storage.
package cold

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/coldfile"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/settings"
)

// Identify names a batch by its rows, so that a batch that is stored again after a crash takes the place of the first.
func Identify(b settings.ColdBatch) (string, error) {
	hash := sha256.New()
	for _, r := range b.Rows {
		line, err := coldfile.EncodeRow(r)
		if err != nil {
			return "", fmt.Errorf("%w: %w", fault.ErrUnsupported, err)
		}
		hash.Write(line)
	}
	table := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, b.Table)
	return table + "-" + hex.EncodeToString(hash.Sum(nil))[:32], nil
}

// This room is for cold stores that can change what they keep, which an erasure needs.

// ColdRewriter is a store whose batches can be rewritten.
type ColdRewriter interface {
	settings.ColdStore
	// Batches lists the IDs of the batches with rows of a table. It writes nothing.
	Batches(ctx context.Context, table string) ([]string, error)
	// Replace puts b in the place of the batch with the same ID. When it returns nil that is durable, and what the batch held
	// before is gone. Wherever it stops, Get gives either the old batch or the new one, whole; Replace may be called again.
	Replace(ctx context.Context, b settings.ColdBatch) error
}

// ColdTidier is a ColdRewriter that crashes leave something in.
type ColdTidier interface {
	Tidy(ctx context.Context) (spared int, err error)
}

// The columns that an erasure adds to rows in cold storage. They are written together with the masks, so that rows which a
// crash has left masked are known, and Thaw takes them for erased.
const (
	// ColdErasedColumn has the request's ID and, after a #, how many transactions of the request had been committed before.
	ColdErasedColumn = "softdelete_erased_by"
	// ColdRemovedColumn is true for a row that was removed. Its key and its time of creation stay in the batch, as they do in
	// the table of erased rows: by them a call that follows a crash knows what is done.
	ColdRemovedColumn = "softdelete_removed"
)

// ColdMark says which erasure has masked or removed a row in cold storage; its request is empty for none.
type ColdMark struct {
	Request string
	Step    int
	Removed bool
}

// ColdMarkOf reads the mark of a row.
func ColdMarkOf(row map[string]any) (m ColdMark) {
	text, _ := row[ColdErasedColumn].(string)
	request, step, _ := strings.Cut(text, "#") // no request's ID has one
	m.Request = request
	m.Step, _ = strconv.Atoi(step)
	m.Removed, _ = row[ColdRemovedColumn].(bool)
	return m
}

// Write puts the mark on a row.
func (m ColdMark) Write(row map[string]any) {
	row[ColdErasedColumn] = m.Request + "#" + strconv.Itoa(m.Step)
	if m.Removed {
		row[ColdRemovedColumn] = true
	}
}

// Rewriter gives a cold store where it can rewrite; nil otherwise.
func Rewriter(store settings.ColdStore) ColdRewriter {
	rewriter, _ := store.(ColdRewriter)
	return rewriter
}

// ErrChanged tells that a row which is locked is not as it was.
var ErrChanged = errors.New("softdelete: a row has changed while it was purged")
