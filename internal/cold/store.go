// Package cold keeps purged rows outside of the database: what identifies a batch, how a row in one is marked as erased, and the
// store that writes batches as files of a directory.
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
)

// Identify names a batch by its rows, so that a batch that is stored again after a crash takes the place of the first.
func Identify(b Batch) (string, error) {
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
	if table != b.Table { // another table's name may look the same by now, and its rows be alike
		hash.Write([]byte(b.Table))
	}
	return table + "-" + hex.EncodeToString(hash.Sum(nil))[:32], nil
}

// This room is for cold stores that can change what they keep, which an erasure needs.

// Rewriter is a store whose batches can be rewritten.
type Rewriter interface {
	Store
	// Batches lists the IDs of the batches with rows of a table. It writes nothing.
	Batches(ctx context.Context, table string) ([]string, error)
	// Replace puts b in the place of the batch with the same ID. When it returns nil that is durable, and what the batch held
	// before is gone. Wherever it stops, Get gives either the old batch or the new one, whole; Replace may be called again.
	Replace(ctx context.Context, b Batch) error
}

// Tidier is a Rewriter that crashes leave something in.
type Tidier interface {
	Tidy(ctx context.Context) (spared int, err error)
}

// The columns that an erasure adds to rows in cold storage. They are written together with the masks, so that rows which a
// crash has left masked are known, and Thaw takes them for erased.
const (
	// ErasedColumn has the request's ID and, after a #, how many transactions of the request had been committed before.
	ErasedColumn = "softdelete_erased_by"
	// RemovedColumn is true for a row that was removed. Its key and its time of creation stay in the batch, as they do in
	// the table of erased rows: by them a call that follows a crash knows what is done.
	RemovedColumn = "softdelete_removed"
)

// Mark says which erasure has masked or removed a row in cold storage; its request is empty for none.
type Mark struct {
	Request string
	Step    int
	Removed bool
}

// MarkOf reads the mark of a row.
func MarkOf(row map[string]any) (m Mark) {
	text, _ := row[ErasedColumn].(string)
	request, step, _ := strings.Cut(text, "#") // no request's ID has one
	m.Request = request
	m.Step, _ = strconv.Atoi(step)
	m.Removed, _ = row[RemovedColumn].(bool)
	return m
}

// Write puts the mark on a row.
func (m Mark) Write(row map[string]any) {
	row[ErasedColumn] = m.Request + "#" + strconv.Itoa(m.Step)
	if m.Removed {
		row[RemovedColumn] = true
	}
}

// Rewriter gives a cold store where it can rewrite; nil otherwise.
func RewriterOf(store Store) Rewriter {
	rewriter, _ := store.(Rewriter)
	return rewriter
}

// ErrChanged tells that a row which is locked is not as it was.
var ErrChanged = errors.New("softdelete: a row has changed while it was purged")
