package certificate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// LedgerEntry is one line of the ledger of erasures, in the form that a file of them has.
type LedgerEntry struct {
	RequestID string    `json:"request_id"`
	Table     string    `json:"table"`
	Key       string    `json:"key"`
	Parts     string    `json:"parts"`
	Identity  string    `json:"identity"`
	Done      bool      `json:"done"`
	At        time.Time `json:"at"`
}

// ErasureLedger keeps entries in the order in which they came.
type ErasureLedger interface {
	Append(ctx context.Context, e LedgerEntry) error
	Entries(ctx context.Context) ([]LedgerEntry, error)
}

// FileLedger keeps the ledger in a file of JSON lines.
type FileLedger struct {
	path string
	mu   sync.Mutex // one writer at a time in this process
}

// OpenLedger opens a ledger in a file, which it creates.
func OpenLedger(path string) (*FileLedger, error) {
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
	return &FileLedger{path: path}, directory.Close()
}

// Append implements ErasureLedger.
func (l *FileLedger) Append(ctx context.Context, e LedgerEntry) (err error) {
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

// Entries implements ErasureLedger. What a crash has left is passed over: a line that is the beginning of one, and the zero bytes that
// a file system may have put where nothing was written. Any other line that cannot be read is an error: nothing is left out without a
// word.
func (l *FileLedger) Entries(ctx context.Context) ([]LedgerEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(l.path)
	if err != nil {
		return nil, err
	}
	var entries []LedgerEntry
	for number, line := range bytes.Split(content, []byte("\n")) {
		line = bytes.Trim(line, "\x00 \t\r")
		if len(line) == 0 {
			continue
		}
		var e LedgerEntry
		if err := json.Unmarshal(line, &e); err == nil {
			entries = append(entries, e)
		} else if !torn(line) {
			return nil, fmt.Errorf("softdelete: line %d of the erasure ledger cannot be read: it is no entry; bring the line back from a copy of the file, or take it out "+
				"if it is of something else: until then nothing is replayed", number+1)
		}
	}
	return entries, nil
}

// torn tells whether a line is the beginning of an entry: nothing is wrong with it, but that it ends too early.
func torn(line []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(line))
	return line[0] == '{' && errors.Is(decoder.Decode(&LedgerEntry{}), io.ErrUnexpectedEOF)
}
