package coldfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

func compressRows(rows []map[string]any) ([]byte, error) {
	var data bytes.Buffer
	writer := gzip.NewWriter(&data)
	for _, r := range rows {
		line, err := EncodeRow(r)
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

// Same tells how rows that were read back differ from those that were written, without their values.
func Same(written, read []map[string]any) error {
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

// EncodeRow writes a row as one line of JSON, columns in order.
func EncodeRow(r map[string]any) ([]byte, error) {
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
			return nil, fmt.Errorf("column %s has a value of type %T, which a cold batch has no form for", column, value)
		}
	}
	line, err := json.Marshal(coded)
	return append(line, '\n'), err
}

// decodeRow reads a line that EncodeRow wrote.
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
			return nil, fmt.Errorf("column %s: the value has no form of a cold batch", column) // what is wrong may quote it
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
