package coldfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// digestLength is how many hexadecimal digits of the rows' SHA-256 stand in a name.
const digestLength = 16

// EncodeAnew gives what a batch's two files hold, the rows' under a name that files with other rows do not have: the manifest
// that takes the place of the old one switches from the old rows to the new.
func EncodeAnew(b Batch) (name string, rows, description []byte, err error) {
	if _, _, err := Names(b.ID); err != nil {
		return "", nil, nil, err
	}
	if rows, err = compressRows(b.Rows); err != nil {
		return "", nil, nil, err
	}
	sum := sha256.Sum256(rows)
	name = b.ID + "." + hex.EncodeToString(sum[:])[:digestLength] + RowsSuffix
	description, err = describe(b, name, rows)
	return name, rows, description, err
}

// Describe gives the table of a batch and the name of its rows' file, by its manifest.
func Describe(id string, description []byte) (table, file string, err error) {
	m, err := readManifest(id, description)
	return m.Table, m.File, err
}

func readManifest(id string, description []byte) (m manifest, err error) {
	_, manifestName, err := Names(id)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(description, &m); err != nil || m.Format != manifestFormat {
		return m, fmt.Errorf("%s is no manifest of a cold batch; %s", manifestName, BringBack)
	}
	if m.ID != id || !IsRowsOf(id, m.File) {
		return m, fmt.Errorf("%s is the manifest of another batch, %q; %s", manifestName, m.ID, BringBack)
	}
	return m, nil
}

// describe writes the manifest of a batch whose rows are in a file.
func describe(b Batch, file string, rows []byte) ([]byte, error) {
	sum := sha256.Sum256(rows)
	description, err := json.MarshalIndent(manifest{
		Format: manifestFormat, ID: b.ID, Model: b.Model, Table: b.Table, Columns: manifestColumns(b.Rows), Rows: len(b.Rows),
		File: file, Bytes: int64(len(rows)), SHA256: hex.EncodeToString(sum[:]),
	}, "", "  ")
	return append(description, '\n'), err
}
