// Package coldfile is the form in which cold batches are kept as files: the rows as JSON Lines compressed by gzip, and a
// manifest with their columns, their number and the SHA-256 of the rows' file. Stores differ in where they keep the two.
package coldfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Batch has the fields of a softdelete.ColdBatch.
type Batch struct {
	ID, Model, Table string
	Rows             []map[string]any
}

// manifestFormat is what a manifest of this package says it is.
const manifestFormat = "softdelete cold batch 1"

// manifest describes the file of a batch.
type manifest struct {
	Format  string           `json:"format"`
	ID      string           `json:"id"`
	Model   string           `json:"model"`
	Table   string           `json:"table"`
	Columns []manifestColumn `json:"columns"`
	Rows    int              `json:"rows"`
	File    string           `json:"file"`
	Bytes   int64            `json:"bytes"`
	SHA256  string           `json:"sha256"`
}

// manifestColumn is a column with the types that its values have.
type manifestColumn struct {
	Name  string   `json:"name"`
	Types []string `json:"types"`
}

// BringBack ends the errors of files that are not as they were written.
const BringBack = "bring the files of the batch back from a backup of the cold store"

// Names gives the names of a batch's two files, or an error where the ID is none that a file can be named by.
func Names(id string) (rows, manifest string, err error) {
	if id == "" || strings.ContainsAny(id, `/\`) || strings.HasPrefix(id, ".") {
		return "", "", fmt.Errorf("%q is no ID of a cold batch; they stand in the ColdBatches of a purge's report", id)
	}
	return id + RowsSuffix, id + ManifestSuffix, nil
}

// Encode gives what a batch's two files hold. The manifest is to be written last, so that a batch without one was never put.
func Encode(b Batch) (rows, description []byte, err error) {
	name, _, err := Names(b.ID)
	if err != nil {
		return nil, nil, err
	}
	if rows, err = compressRows(b.Rows); err != nil {
		return nil, nil, err
	}
	description, err = describe(b, name, rows)
	return rows, description, err
}

// Decode reads a batch from its two files, and refuses files that do not fit each other or the ID. load gives the rows' file.
func Decode(id string, description []byte, load func(name string) ([]byte, error)) (Batch, error) {
	m, err := readManifest(id, description)
	if err != nil {
		return Batch{}, err
	}
	rowsName := m.File
	data, err := load(rowsName)
	if err != nil {
		return Batch{}, fmt.Errorf("the rows of the batch cannot be read; %s: %w", BringBack, err)
	}
	if sum := sha256.Sum256(data); int64(len(data)) != m.Bytes || hex.EncodeToString(sum[:]) != m.SHA256 {
		return Batch{}, fmt.Errorf("%s is damaged: its SHA-256 is not that of the manifest; %s", rowsName, BringBack)
	}
	rows, err := readRows(data)
	if err != nil {
		return Batch{}, fmt.Errorf("%s is damaged: %w; %s", rowsName, err, BringBack)
	}
	if len(rows) != m.Rows {
		return Batch{}, fmt.Errorf("%s has %d rows, its manifest says %d; %s", rowsName, len(rows), m.Rows, BringBack)
	}
	return Batch{ID: m.ID, Model: m.Model, Table: m.Table, Rows: rows}, nil
}
