package testdb

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
)

// bufferedRows are the rows of a query that has been read to its end.
type bufferedRows struct {
	columns []column
	rows    [][]driver.Value
}

// column is what a driver tells of a column. Where it tells nothing, the values are those that database/sql assumes.
type column struct {
	name             string
	databaseType     string
	scanType         reflect.Type
	length           int64
	hasLength        bool
	nullable         bool
	knowsNullable    bool
	precision, scale int64
	hasPrecision     bool
}

// readAll reads and closes rows.
func readAll(rows driver.Rows) (*bufferedRows, error) {
	buffered := &bufferedRows{columns: columnsOf(rows)}
	for {
		row := make([]driver.Value, len(buffered.columns))
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return buffered, rows.Close()
		} else if err != nil {
			if failed := rows.Close(); failed != nil {
				err = errors.Join(err, failed)
			}
			return nil, err // as it is, where nothing else went wrong: GORM's drivers look at its type
		}
		for i, value := range row {
			if shared, ok := value.([]byte); ok { // the driver may use it again for the next row
				row[i] = bytes.Clone(shared)
			}
		}
		buffered.rows = append(buffered.rows, row)
	}
}

func columnsOf(rows driver.Rows) []column {
	var columns []column
	for i, name := range rows.Columns() {
		c := column{name: name, scanType: reflect.TypeFor[any]()}
		if rows, ok := rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
			c.databaseType = rows.ColumnTypeDatabaseTypeName(i)
		}
		if rows, ok := rows.(driver.RowsColumnTypeScanType); ok {
			c.scanType = rows.ColumnTypeScanType(i)
		}
		if rows, ok := rows.(driver.RowsColumnTypeLength); ok {
			c.length, c.hasLength = rows.ColumnTypeLength(i)
		}
		if rows, ok := rows.(driver.RowsColumnTypeNullable); ok {
			c.nullable, c.knowsNullable = rows.ColumnTypeNullable(i)
		}
		if rows, ok := rows.(driver.RowsColumnTypePrecisionScale); ok {
			c.precision, c.scale, c.hasPrecision = rows.ColumnTypePrecisionScale(i)
		}
		columns = append(columns, c)
	}
	return columns
}

// Columns implements driver.Rows.
func (r *bufferedRows) Columns() []string {
	names := make([]string, len(r.columns))
	for i, column := range r.columns {
		names[i] = column.name
	}
	return names
}

// Next implements driver.Rows.
func (r *bufferedRows) Next(row []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(row, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// Close implements driver.Rows.
func (r *bufferedRows) Close() error { return nil }

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *bufferedRows) ColumnTypeDatabaseTypeName(i int) string { return r.columns[i].databaseType }

// ColumnTypeScanType implements driver.RowsColumnTypeScanType.
func (r *bufferedRows) ColumnTypeScanType(i int) reflect.Type { return r.columns[i].scanType }

// ColumnTypeLength implements driver.RowsColumnTypeLength.
func (r *bufferedRows) ColumnTypeLength(i int) (length int64, ok bool) {
	return r.columns[i].length, r.columns[i].hasLength
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable.
func (r *bufferedRows) ColumnTypeNullable(i int) (nullable, ok bool) {
	return r.columns[i].nullable, r.columns[i].knowsNullable
}

// ColumnTypePrecisionScale implements driver.RowsColumnTypePrecisionScale.
func (r *bufferedRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	return r.columns[i].precision, r.columns[i].scale, r.columns[i].hasPrecision
}
