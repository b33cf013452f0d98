package softdelete

import "context"

// This room is for cold stores that can change what they keep, which an erasure needs.

// ColdRewriter is a ColdStore whose batches can be rewritten. Erase reaches the rows in such a store; of another it notes in
// the certificate that rows may be left there.
type ColdRewriter interface {
	ColdStore
	// Batches lists the IDs of the batches with rows of a table.
	Batches(ctx context.Context, table string) ([]string, error)
	// Replace puts b in the place of the batch with the same ID. When it returns nil that is durable, and what the batch held
	// before is gone. Wherever it stops, Get gives either the old batch or the new one, whole; Replace may be called again.
	Replace(ctx context.Context, b ColdBatch) error
}

// coldErasedColumn is a column that an erasure adds to the rows that it masks in cold storage: the request's ID. It is written
// together with the masks, so that rows which a crash has left masked are known, and Thaw takes them for erased.
const coldErasedColumn = "softdelete_erased_by"

// coldErasedBy gives the request that has masked a row of a batch, empty for none.
func coldErasedBy(row map[string]any) string {
	request, _ := row[coldErasedColumn].(string)
	return request
}

// rewriter gives the cold store where it can rewrite.
func (e *engine) rewriter() ColdRewriter {
	store, _ := e.plugin.config.ColdStore.(ColdRewriter)
	return store
}
