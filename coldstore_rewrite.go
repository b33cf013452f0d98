package softdelete

import (
	"context"
	"strconv"
	"strings"
)

// This room is for cold stores that can change what they keep, which an erasure needs.

// ColdRewriter is a ColdStore whose batches can be rewritten. Erase reaches the rows in such a store; of another it notes in
// the certificate that rows may be left there.
//
// A store may also have a method Tidy(ctx context.Context) (int, error), which Erase calls before it looks for rows: it removes
// what crashes have left in the store, such as files of a Put that was never finished, and gives the number of such leftovers
// that it had to spare, since a Put may be writing them. The certificate names that number.
type ColdRewriter interface {
	ColdStore
	// Batches lists the IDs of the batches with rows of a table. It writes nothing.
	Batches(ctx context.Context, table string) ([]string, error)
	// Replace puts b in the place of the batch with the same ID. When it returns nil that is durable, and what the batch held
	// before is gone. Wherever it stops, Get gives either the old batch or the new one, whole; Replace may be called again.
	Replace(ctx context.Context, b ColdBatch) error
}

// coldTidier is a ColdRewriter that crashes leave something in.
type coldTidier interface {
	Tidy(ctx context.Context) (spared int, err error)
}

// The columns that an erasure adds to rows in cold storage. They are written together with the masks, so that rows which a
// crash has left masked are known, and Thaw takes them for erased.
const (
	// coldErasedColumn has the request's ID and, after a #, how many transactions of the request had been committed before.
	coldErasedColumn = "softdelete_erased_by"
	// coldRemovedColumn is true for a row that was removed. Its key and its time of creation stay in the batch, as they do in
	// the table of erased rows: by them a call that follows a crash knows what is done.
	coldRemovedColumn = "softdelete_removed"
)

// coldMark says which erasure has masked or removed a row in cold storage; its request is empty for none.
type coldMark struct {
	request string
	step    int
	removed bool
}

// coldMarkOf reads the mark of a row.
func coldMarkOf(row map[string]any) (m coldMark) {
	text, _ := row[coldErasedColumn].(string)
	request, step, _ := strings.Cut(text, "#") // no request's ID has one
	m.request = request
	m.step, _ = strconv.Atoi(step)
	m.removed, _ = row[coldRemovedColumn].(bool)
	return m
}

// write puts the mark on a row.
func (m coldMark) write(row map[string]any) {
	row[coldErasedColumn] = m.request + "#" + strconv.Itoa(m.step)
	if m.removed {
		row[coldRemovedColumn] = true
	}
}

// rewriter gives the cold store where it can rewrite.
func (e *engine) rewriter() ColdRewriter {
	store, _ := e.plugin.config.ColdStore.(ColdRewriter)
	return store
}
