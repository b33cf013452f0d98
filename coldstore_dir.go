package softdelete

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// DirColdStore keeps cold batches in a directory, which it makes where it is not there: the rows as JSON Lines compressed by
// gzip, NAME.jsonl.gz, and beside it the manifest NAME.json with the columns, the number of rows and the SHA-256 of the rows'
// file. Put writes both, syncs them and the directory to disk, reads them back and compares; the manifest comes last, so
// that a batch without one was never put. Get refuses files that do not fit their manifest.
func DirColdStore(dir string) (ColdStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("softdelete: the cold store cannot be made: %w", err)
	}
	return &dirColdStore{dir: dir}, nil
}

type dirColdStore struct{ dir string }

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

func (s *dirColdStore) path(id, extension string) (string, error) {
	if id == "" || strings.ContainsAny(id, `/\`) || strings.HasPrefix(id, ".") {
		return "", fmt.Errorf("%q is no ID of a cold batch", id)
	}
	return filepath.Join(s.dir, id+extension), nil
}

// Put implements ColdStore.
func (s *dirColdStore) Put(ctx context.Context, b ColdBatch) error {
	rowsPath, err := s.path(b.ID, ".jsonl.gz")
	if err != nil {
		return err
	}
	manifestPath, _ := s.path(b.ID, ".json")
	rows, err := compressRows(b.Rows)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(rows)
	text, err := json.MarshalIndent(manifest{
		Format: manifestFormat, ID: b.ID, Model: b.Model, Table: b.Table, Columns: manifestColumns(b.Rows), Rows: len(b.Rows),
		File: filepath.Base(rowsPath), Bytes: int64(len(rows)), SHA256: hex.EncodeToString(sum[:]),
	}, "", "  ")
	if err != nil {
		return err
	}
	for _, file := range []struct {
		path string
		data []byte
	}{{rowsPath, rows}, {manifestPath, append(text, '\n')}} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.write(file.path, file.data); err != nil {
			return err
		}
	}
	stored, err := s.Get(ctx, b.ID)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	return sameRows(b.Rows, stored.Rows)
}

// write puts data under a name, all of it or nothing, and syncs it to disk.
func (s *dirColdStore) write(path string, data []byte) (err error) {
	file, err := os.CreateTemp(s.dir, ".writing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDirectory(s.dir)
}

// syncDirectory makes a new name in the directory durable.
func syncDirectory(dir string) error {
	directory, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if closeErr := directory.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Get implements ColdStore.
func (s *dirColdStore) Get(ctx context.Context, id string) (ColdBatch, error) {
	if err := ctx.Err(); err != nil {
		return ColdBatch{}, err
	}
	m, err := s.manifest(id)
	if err != nil {
		return ColdBatch{}, err
	}
	path, err := s.path(id, ".jsonl.gz")
	if err != nil {
		return ColdBatch{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return ColdBatch{}, fmt.Errorf("the rows of the batch cannot be read: %w", err)
	}
	if sum := sha256.Sum256(data); int64(len(data)) != m.Bytes || hex.EncodeToString(sum[:]) != m.SHA256 {
		return ColdBatch{}, fmt.Errorf("%s is damaged: its SHA-256 is not that of the manifest", filepath.Base(path))
	}
	rows, err := readRows(data)
	if err != nil {
		return ColdBatch{}, fmt.Errorf("%s is damaged: %w", filepath.Base(path), err)
	}
	if len(rows) != m.Rows {
		return ColdBatch{}, fmt.Errorf("%s has %d rows, its manifest says %d", filepath.Base(path), len(rows), m.Rows)
	}
	return ColdBatch{ID: m.ID, Model: m.Model, Table: m.Table, Rows: rows}, nil
}

// manifest reads a batch's manifest.
func (s *dirColdStore) manifest(id string) (m manifest, err error) {
	path, err := s.path(id, ".json")
	if err != nil {
		return m, err
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, fmt.Errorf("there is no batch of this ID, or it was never finished: %w", err)
	case err != nil:
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Format != manifestFormat {
		return m, fmt.Errorf("%s is no manifest of a cold batch", filepath.Base(path))
	}
	if m.ID != id || m.File != id+".jsonl.gz" {
		return m, fmt.Errorf("%s is the manifest of another batch, %q", filepath.Base(path), m.ID)
	}
	return m, nil
}

func compressRows(rows []map[string]any) ([]byte, error) {
	var data bytes.Buffer
	writer := gzip.NewWriter(&data)
	for _, r := range rows {
		line, err := encodeRow(r)
		if err != nil {
			return nil, err
		}
		if _, err := writer.Write(line); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

func readRows(data []byte) (rows []map[string]any, err error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(reader)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		r, err := decodeRow(line)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", len(rows)+1, err)
		}
		rows = append(rows, r)
	}
}

// manifestColumns lists the columns of the rows.
func manifestColumns(rows []map[string]any) []manifestColumn {
	types := map[string]map[string]bool{}
	for _, r := range rows {
		for name, value := range r {
			if types[name] == nil {
				types[name] = map[string]bool{}
			}
			types[name][fmt.Sprintf("%T", value)] = true
		}
	}
	var columns []manifestColumn
	for _, name := range slices.Sorted(maps.Keys(types)) {
		columns = append(columns, manifestColumn{Name: name, Types: slices.Sorted(maps.Keys(types[name]))})
	}
	return columns
}

// sameRows tells how rows that were read back differ from those that were written, without their values.
func sameRows(written, read []map[string]any) error {
	if len(written) != len(read) {
		return fmt.Errorf("read back: %d rows, %d were written", len(read), len(written))
	}
	for i := range written {
		for column, value := range written[i] {
			same := reflect.DeepEqual(value, read[i][column])
			if at, ok := value.(time.Time); ok {
				other, _ := read[i][column].(time.Time)
				same = at.Equal(other)
			}
			if number, ok := value.(float64); ok && math.IsNaN(number) {
				other, _ := read[i][column].(float64)
				same = math.IsNaN(other)
			}
			if !same {
				return fmt.Errorf("read back: column %s of row %d differs", column, i+1)
			}
		}
	}
	return nil
}

// The words for values that JSON has no form for, or not one that tells their type. Each stands alone in an object.
const (
	jsonTime  = "$time"
	jsonBytes = "$bytes"
	jsonFloat = "$float"
	jsonText  = "$text" // not valid UTF-8
)

// encodeRow writes a row as one line of JSON, columns in order.
func encodeRow(r map[string]any) ([]byte, error) {
	coded := make(map[string]any, len(r))
	for column, value := range r {
		switch value := value.(type) {
		case nil, bool, int64:
			coded[column] = value
		case string:
			coded[column] = value
			if !utf8.ValidString(value) {
				coded[column] = map[string]string{jsonText: base64.StdEncoding.EncodeToString([]byte(value))}
			}
		case []byte:
			coded[column] = map[string]string{jsonBytes: base64.StdEncoding.EncodeToString(value)}
		case float64:
			coded[column] = map[string]string{jsonFloat: strconv.FormatFloat(value, 'g', -1, 64)}
		case time.Time:
			coded[column] = map[string]string{jsonTime: value.Format(time.RFC3339Nano)}
		default:
			return nil, fmt.Errorf("%w: column %s has a value of type %T, which the cold store does not know", ErrUnsupported, column, value)
		}
	}
	line, err := json.Marshal(coded)
	return append(line, '\n'), err
}

// decodeRow reads a line that encodeRow wrote.
func decodeRow(line []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var r map[string]any
	if err := decoder.Decode(&r); err != nil {
		return nil, err
	}
	for column, value := range r {
		decoded, err := decodeValue(value)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column, err)
		}
		r[column] = decoded
	}
	return r, nil
}

func decodeValue(value any) (any, error) {
	switch value := value.(type) {
	case json.Number:
		return value.Int64()
	case map[string]any:
		if len(value) != 1 {
			break
		}
		for word, inner := range value {
			text, ok := inner.(string)
			if !ok {
				break
			}
			switch word {
			case jsonTime:
				return time.Parse(time.RFC3339Nano, text)
			case jsonFloat:
				return strconv.ParseFloat(text, 64)
			case jsonBytes:
				return base64.StdEncoding.DecodeString(text)
			case jsonText:
				decoded, err := base64.StdEncoding.DecodeString(text)
				return string(decoded), err
			}
		}
	case nil, bool, string:
		return value, nil
	}
	return nil, errors.New("the value has no form of a cold batch")
}
