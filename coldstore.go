package softdelete

import (
	"context"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is for rows that leave the database and are kept.

// ColdBatch is the rows of one table that one transaction of a purge wrote to the cold store.
type ColdBatch struct {
	// ID identifies the batch, Model and Table say what its rows are.
	ID, Model, Table string
	// Rows are the rows with their columns' names: values as database/sql gives them, which are nil, bool, int64, float64,
	// string, []byte and time.Time.
	Rows []map[string]any
}

// ColdStore keeps purged rows outside of the database. It may be used by several goroutines.
type ColdStore interface {
	// Put stores a batch. It is durable when Put returns nil: the rows are removed from the database then. A batch with the
	// ID of one that is stored already has the same rows.
	Put(ctx context.Context, b ColdBatch) error
	// Get gives a batch as it was put, or an error where it is not there or damaged.
	Get(ctx context.Context, id string) (ColdBatch, error)
}

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

// DirColdStore keeps cold batches in a directory, which it makes where it is not there: the rows as JSON Lines compressed by
// gzip, NAME.jsonl.gz, and beside it the manifest NAME.json with the columns, the number of rows and the SHA-256 of the rows'
// file. Put writes both, syncs them and the directory to disk, reads them back and compares; the manifest comes last, so
// that a batch without one was never put. Get refuses files that do not fit their manifest. It is a ColdRewriter: rows that an
// erasure has rewritten are in NAME.DIGEST.jsonl.gz, which the manifest names, and the file that had them before is removed. What
// the file system or the disk keeps of a removed file, and copies of the directory, are out of its reach.
func DirColdStore(dir string) (ColdStore, error) {
	inner, err := cold.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	return dirColdStore{inner}, nil
}

// Thaw brings the rows of a cold batch back into their table, live, in one transaction, and gives their number. Where a key
// or a unique value is taken, nothing comes back and the error is ErrRestoreConflict; where a row would stand under a deleted parent,
// or refer to one that is not there, it is ErrParentDeleted. The model must be in Config.Models, or have been used before. Rows that an erasure has masked come back
// masked and stay erased; those that it has removed do not come back.
func Thaw(db *gorm.DB, batchID string) (int64, error) {
	d, err := databaseOfAll(db, "Thaw")
	if err == nil {
		err = notInADryRun(db, "Thaw")
	}
	if err != nil {
		return 0, err
	}
	rows, err := d.purger.Thaw(db, batchID)
	return rows, d.outward(db, err)
}

// dirColdStore is the internals' store in a directory for callers.
type dirColdStore struct{ *cold.Dir }

func (s dirColdStore) Put(ctx context.Context, b ColdBatch) error {
	return s.Dir.Put(ctx, cold.Batch(b))
}

func (s dirColdStore) Get(ctx context.Context, id string) (ColdBatch, error) {
	b, err := s.Dir.Get(ctx, id)
	return ColdBatch(b), err
}

func (s dirColdStore) Replace(ctx context.Context, b ColdBatch) error {
	return s.Dir.Replace(ctx, cold.Batch(b))
}

// tidier is what a ColdRewriter may have beside its own methods.
type tidier interface {
	Tidy(ctx context.Context) (spared int, err error)
}

// innerStore is a caller's store for the internals. It has the optional methods that the caller's has: without them an erasure
// would silently do less.
func innerStore(s ColdStore) cold.Store {
	if s == nil {
		return nil
	}
	rewriter, rewrites := s.(ColdRewriter)
	tidies, ok := s.(tidier)
	switch {
	case rewrites && ok:
		return struct {
			rewritingStore
			tidyingStore
		}{rewritingStore{plainStore{s}, rewriter}, tidyingStore{tidies}}
	case rewrites:
		return rewritingStore{plainStore{s}, rewriter}
	}
	return plainStore{s}
}

// plainStore is a caller's ColdStore, rewritingStore one that is a ColdRewriter.
type (
	plainStore     struct{ store ColdStore }
	rewritingStore struct {
		plainStore
		rewriter ColdRewriter
	}
)

func (s plainStore) Put(ctx context.Context, b cold.Batch) error {
	return fault.Foreign("the cold store", s.store, func() error { return s.store.Put(ctx, ColdBatch(b)) })
}

func (s plainStore) Get(ctx context.Context, id string) (cold.Batch, error) {
	b, err := foreign("the cold store", s.store, func() (ColdBatch, error) { return s.store.Get(ctx, id) })
	return cold.Batch(b), err
}

func (s rewritingStore) Batches(ctx context.Context, table string) ([]string, error) {
	return foreign("the cold store", s.store, func() ([]string, error) { return s.rewriter.Batches(ctx, table) })
}

func (s rewritingStore) Replace(ctx context.Context, b cold.Batch) error {
	return fault.Foreign("the cold store", s.store, func() error { return s.rewriter.Replace(ctx, ColdBatch(b)) })
}

// tidyingStore is one that crashes leave something in.
type tidyingStore struct{ tidier }

func (s tidyingStore) Tidy(ctx context.Context) (int, error) {
	return foreign("the cold store", s.tidier, func() (int, error) { return s.tidier.Tidy(ctx) })
}
