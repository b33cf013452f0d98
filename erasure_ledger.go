package softdelete

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
)

// This room remembers erasures outside the database, so that they can be done again after an older copy of it has come back.

// LedgerEntry is one line of the ledger. An erasure has two: one before its commit, and one with Done after it.
type LedgerEntry struct {
	RequestID string    `json:"request_id"`
	Table     string    `json:"table"`
	Key       string    `json:"key"`      // for people; a composite one is joined by ",", a "," in a part is "\,"
	Parts     string    `json:"parts"`    // the key's parts exactly, for ReplayErasures
	Identity  string    `json:"identity"` // the hash of key and time of creation: another row with the same key has another
	Done      bool      `json:"done"`
	At        time.Time `json:"at"`
}

// ErasureLedger keeps entries in the order in which they came. It must lie where no restored backup of the database takes
// it along.
type ErasureLedger interface {
	// Append adds an entry, durable when it returns nil.
	Append(ctx context.Context, e LedgerEntry) error
	// Entries lists all of them.
	Entries(ctx context.Context) ([]LedgerEntry, error)
}

type fileLedger struct {
	path string
	mu   sync.Mutex // one writer at a time in this process
}

// FileLedger keeps the ledger in a file of JSON lines, which it creates. Lines are only ever added, each is on disk before
// Append returns, and a last line that a crash has torn is left out by Entries and closed by the next Append. Several
// processes may append to the file where the system writes short lines whole, as local file systems do.
func FileLedger(path string) (ErasureLedger, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("softdelete: the erasure ledger cannot be opened: %w", err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	// The file's name is to survive a crash too.
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	_ = directory.Sync() // some systems cannot sync a directory
	return &fileLedger{path: path}, directory.Close()
}

// Append implements ErasureLedger.
func (l *fileLedger) Append(ctx context.Context, e LedgerEntry) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.OpenFile(l.path, os.O_RDWR|os.O_APPEND, 0o600) // not created: a ledger that is gone must show
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	torn, err := endsTorn(file)
	if err != nil {
		return err
	}
	if torn {
		line = append([]byte("\n"), line...)
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// endsTorn tells whether the file's last line has no end.
func endsTorn(file *os.File) (bool, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return false, err
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], size-1)
	return last[0] != '\n', err
}

// Entries implements ErasureLedger. A line that cannot be read and is not a torn one is an error: nothing is left out without
// a word.
func (l *fileLedger) Entries(ctx context.Context) ([]LedgerEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(l.path)
	if err != nil {
		return nil, err
	}
	var entries []LedgerEntry
	for number, line := range bytes.Split(content, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var e LedgerEntry
		if err := json.Unmarshal(line, &e); err == nil {
			entries = append(entries, e)
		} else if line[len(line)-1] == '}' || line[0] != '{' { // a torn line has its beginning and no end
			return nil, fmt.Errorf("softdelete: line %d of the erasure ledger cannot be read", number+1)
		}
	}
	return entries, nil
}

// identity tells a subject's row from another that has the same key.
func (x *erasure) identity() string {
	return hashOf(fmt.Sprintf("%s\x00%s\x00%d", x.root.schema.Table, x.parts, x.row.created))
}

// checkLedger refuses what a ledger cannot keep true.
func (x *erasure) checkLedger(db *gorm.DB) error {
	if committer, ok := db.Statement.ConnPool.(gorm.TxCommitter); ok && committer != nil {
		return fmt.Errorf("%w: an erasure inside a transaction of the caller's, with Config.ErasureLedger: it cannot know when that commits; "+
			"call Erase outside of it", ErrUnsupported)
	}
	if creation(x.root.schema) == nil {
		return fmt.Errorf("%w: Config.ErasureLedger needs to tell %s rows with the same key apart; give the model a CreatedAt field",
			ErrUnsupported, x.root.schema.Name)
	}
	return nil
}

func (x *erasure) entry(done bool, at time.Time) LedgerEntry {
	return LedgerEntry{
		RequestID: x.request.ID, Table: x.root.schema.Table, Key: x.text, Parts: x.parts, Identity: x.identity(), Done: done,
		At: at.UTC().Truncate(time.Microsecond),
	}
}

// announce writes to the ledger, before the commit, that the erasure is about to be done.
func (x *erasure) announce(tx *gorm.DB) error {
	ledger := x.engine.plugin.config.ErasureLedger
	if ledger == nil || x.replaying || x.announced {
		return nil
	}
	x.announced = true
	if err := ledger.Append(tx.Statement.Context, x.entry(false, tx.NowFunc())); err != nil {
		return fmt.Errorf("softdelete: the erasure ledger cannot be written, nothing was erased: %w", err)
	}
	return nil
}

// markDone writes to the ledger, after the commit, that the erasure is done. A request that was done before is marked where a
// crash has kept it from being.
func (x *erasure) markDone(db *gorm.DB, c *Certificate, fresh bool) error {
	ledger := x.engine.plugin.config.ErasureLedger
	ctx := context.WithoutCancel(db.Statement.Context) // the erasure has happened
	entry := x.entry(true, c.ErasedAt)
	if !fresh {
		entries, err := ledger.Entries(ctx)
		if err != nil {
			return err
		}
		begun := slices.IndexFunc(entries, func(e LedgerEntry) bool { return e.RequestID == x.request.ID && !e.Done })
		if begun < 0 || slices.ContainsFunc(entries, func(e LedgerEntry) bool { return e.RequestID == x.request.ID && e.Done }) {
			return nil
		}
		entry.Parts, entry.Identity = entries[begun].Parts, entries[begun].Identity // the subject's row may be gone by now
	}
	return ledger.Append(ctx, entry)
}
