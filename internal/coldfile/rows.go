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
	"strings"
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
	jsonUnix  = "$unix" // one that RFC 3339 has no form for: seconds since 1970, a dot, nanoseconds
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
			coded[column] = encodeTime(value)
		default:
			return nil, fmt.Errorf("column %s has a value of type %T, which a cold batch has no form for", column, value)
		}
	}
	line, err := json.Marshal(coded)
	return append(line, '\n'), err
}

// encodeTime has another form for years before 1 or after 9999, and UTC for zones with seconds, as places had before standard time.
func encodeTime(t time.Time) map[string]string {
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	if year := t.Year(); year < 1 || year > 9999 {
		return map[string]string{jsonUnix: fmt.Sprintf("%d.%d", t.Unix(), t.Nanosecond())}
	}
	return map[string]string{jsonTime: t.Format(time.RFC3339Nano)}
}

func decodeUnix(text string) (time.Time, error) {
	seconds, nanoseconds, _ := strings.Cut(text, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	n, err := strconv.ParseInt(nanoseconds, 10, 64)
	return time.Unix(s, n).UTC(), err
}

// decodeRow reads a line that EncodeRow wrote.
func decodeRow(line []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var r map[string]any
	err := decoder.Decode(&r)
	if _, more := decoder.Token(); err != nil || r == nil || !errors.Is(more, io.EOF) {
		return nil, errors.New("it is no JSON object") // what is wrong may quote a value
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
			case jsonUnix:
				return decodeUnix(text)
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
