package coldfile_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// Rows in a cold store are personal, and errors about their files are logged.

const canary = "c4n4ry"

// canaryRow has a column of every kind that a row can have, each with a canary.
func canaryRow() map[string]any {
	return map[string]any{
		"text": canary, "odd": canary + "\xff", "bytes": []byte(canary), "number": int64(47114711), "fraction": 4711.4711, "endless": math.Inf(1),
		"at": time.Date(4711, 4, 7, 11, 47, 11, 0, time.UTC), "far": time.Date(47114, 1, 1, 0, 0, 0, 4711, time.UTC), "yes": true, "none": nil,
	}
}

// forged decodes a batch whose only row is the line, with a manifest that fits.
func forged(t *testing.T, line string, change func(manifest map[string]any)) error {
	t.Helper()
	_, description, err := coldfile.Encode(coldfile.Batch{ID: "b", Model: "Person", Table: "people", Rows: []map[string]any{canaryRow()}})
	require.NoError(t, err)
	var file bytes.Buffer
	writer := gzip.NewWriter(&file)
	_, err = io.WriteString(writer, line)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	var manifest map[string]any
	require.NoError(t, json.Unmarshal(description, &manifest))
	sum := sha256.Sum256(file.Bytes())
	manifest["sha256"], manifest["bytes"] = hex.EncodeToString(sum[:]), file.Len()
	if change != nil {
		change(manifest)
	}
	description, err = json.Marshal(manifest)
	require.NoError(t, err)
	_, err = coldfile.Decode("b", description, func(string) ([]byte, error) { return file.Bytes(), nil })
	return err
}

func TestErrorsOfColdRowsQuoteNoValue(t *testing.T) {
	good, err := coldfile.EncodeRow(canaryRow())
	require.NoError(t, err)
	require.NoError(t, forged(t, string(good), nil), "the row is read as it was written")
	quiet := func(err error, said string) {
		require.Error(t, err, said)
		for at := err; at != nil; {
			require.NotRegexp(t, "(?i)"+canary+"|4711|YzRuNHJ5", fmt.Sprintf("%v %+v %#v", at, at, at), said)
			wrapped, ok := at.(interface{ Unwrap() error })
			if !ok {
				break
			}
			at = wrapped.Unwrap()
		}
		require.ErrorContains(t, err, coldfile.BringBack, said)
	}
	for column, value := range canaryRow() {
		row, err := coldfile.EncodeRow(map[string]any{column: value})
		require.NoError(t, err)
		written := strings.TrimSuffix(string(row), "\n")
		inner := strings.TrimSuffix(strings.TrimPrefix(written, `{"`+column+`":`), "}")
		for _, broken := range []string{
			`["` + canary + `",4711]`, `{"$time":"` + canary + `"}`, `{"$unix":"` + canary + `"}`, `{"$unix":"4711.` + canary + `"}`, `{"$float":"4711` + canary + `"}`,
			`{"$bytes":"` + canary + `!"}`, `{"$text":"` + canary + `!"}`, `{"$` + canary + `":"4711"}`, `{"$time":4711}`, `4711.4711`, `47114711471147114711`,
			`{"a":` + inner + `,"b":"` + canary + `"}`,
		} {
			err := forged(t, `{"`+column+`":`+broken+"}\n", nil)
			quiet(err, broken)
			require.ErrorContains(t, err, "row 1: column "+column, broken)
		}
		for _, line := range []string{
			inner + canary + "\n", written + canary, canary + written + "\n", written[:len(written)-1] + "\n", `"` + canary + "\"\n", "4711\n", `["` + canary + "\"]\n", "null\n",
		} {
			quiet(forged(t, line, nil), line)
		}
	}
	quiet(forged(t, string(good), func(m map[string]any) { m["rows"] = 2 }), "the number of rows")
	quiet(forged(t, string(good), func(m map[string]any) { m["sha256"] = "00" }), "the digest")
	quiet(forged(t, string(good), func(m map[string]any) { m["format"] = "x" }), "the format")
	quiet(forged(t, string(good), func(m map[string]any) { m["id"] = "other" }), "the batch")
	changed := canaryRow()
	for column := range changed {
		was := changed[column]
		changed[column] = "another " + canary
		err := coldfile.Same([]map[string]any{changed}, []map[string]any{canaryRow()})
		require.ErrorContains(t, err, "column "+column+" of row 1 differs")
		require.NotContains(t, err.Error(), canary)
		changed[column] = was
	}
	for _, odd := range []any{[]string{canary}, map[string]string{"a": canary}, struct{ Name string }{canary}, json.Number("4711"), uint8(47)} {
		_, err := coldfile.EncodeRow(map[string]any{"odd": odd})
		require.ErrorContains(t, err, "column odd has a value of type")
		require.NotRegexp(t, canary+"|47", err.Error())
	}
}
