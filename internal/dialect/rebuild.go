package dialect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"gorm.io/gorm"
)

// rebuild is what a database without the feature AlterInPlace needs: there a table is changed by making it anew, copying its
// rows, and dropping the old one, which deletes the rows that refer to it where foreign keys are enforced meanwhile.
type rebuild struct {
	enforced    func(db *gorm.DB) (bool, error)
	enforce     func(on bool) string
	referrers   func(db *gorm.DB, table string) ([]Referrer, error)
	violations  func(db *gorm.DB, table string) (int64, error)
	definitions func(db *gorm.DB) ([]string, error)
	// attached lists what stands in the catalogue for a table beside itself, and views which name it.
	attached func(db *gorm.DB, table string) ([]Attached, error)
	// counter gives the number that the table's last key of its own was, nil where it keeps none; setCounter puts it back.
	counter    func(db *gorm.DB, table string) (*int64, error)
	setCounter func(db *gorm.DB, table string, value int64) error
	// lenient makes the connection rename a table while views and triggers name one that is not there, or not.
	lenient func(on bool) string
	// withoutUnique takes a UNIQUE constraint over the columns out of a table; false where it finds none.
	withoutUnique func(db *gorm.DB, table string, columns []string) (bool, error)
	empty         string // opens an empty database that is gone when it is closed
}

// Referrer is a column of another table that refers to a table by a foreign key.
type Referrer struct {
	Table  string `gorm:"column:table"`
	Column string `gorm:"column:column"`
}

// Enforced tells whether the connection enforces foreign keys.
func (d *Dialect) Enforced(db *gorm.DB) (bool, error) { return d.rebuild.enforced(db) }

// Enforce is the statement that makes a connection enforce foreign keys, or not. Inside a transaction it has no effect.
func (d *Dialect) Enforce(on bool) string { return d.rebuild.enforce(on) }

// Referrers lists the columns of other tables that refer to a table.
func (d *Dialect) Referrers(db *gorm.DB, table string) ([]Referrer, error) {
	return d.rebuild.referrers(db, table)
}

// Violations counts the rows of a table that refer to none.
func (d *Dialect) Violations(db *gorm.DB, table string) (int64, error) {
	return d.rebuild.violations(db, table)
}

// Attached is a trigger, an index or a view.
type Attached struct {
	Type string `gorm:"column:type"`
	Name string `gorm:"column:name"`
	SQL  string `gorm:"column:sql"`
}

// Attached lists the triggers and indexes of a table, and the views that can be read and name it.
func (d *Dialect) Attached(db *gorm.DB, table string) ([]Attached, error) {
	return d.rebuild.attached(db, table)
}

// Counter gives the largest key that a table has given by itself; nil where it keeps no count of that.
func (d *Dialect) Counter(db *gorm.DB, table string) (*int64, error) {
	return d.rebuild.counter(db, table)
}

// SetCounter makes a table's count at least a value.
func (d *Dialect) SetCounter(db *gorm.DB, table string, value int64) error {
	return d.rebuild.setCounter(db, table, value)
}

// Lenient is the statement that makes a connection rename a table while others name one that is not there, or not.
func (d *Dialect) Lenient(on bool) string { return d.rebuild.lenient(on) }

// WithoutUnique makes a table anew without a UNIQUE constraint over columns; false where its definition shows none.
func (d *Dialect) WithoutUnique(db *gorm.DB, table string, columns []string) (bool, error) {
	return d.rebuild.withoutUnique(db, table, columns)
}

// Rehearsal opens an empty database with the tables and indexes of db, in memory, through the driver of db. Closing it ends it.
func (d *Dialect) Rehearsal(db *gorm.DB) (*sql.DB, error) {
	statements, err := d.rebuild.definitions(db)
	if err != nil {
		return nil, err
	}
	pool, err := (&gorm.DB{Config: db.Config}).DB() // that of a session may be one connection, which has no driver to ask
	if err != nil {
		return nil, err
	}
	rehearsal := sql.OpenDB(connector{pool.Driver(), d.rebuild.empty})
	rehearsal.SetMaxOpenConns(1) // each connection would be a database of its own
	for _, statement := range append([]string{d.Enforce(false)}, statements...) {
		if _, err := rehearsal.ExecContext(db.Statement.Context, statement); err != nil {
			_ = rehearsal.Close()
			return nil, fmt.Errorf("copy the schema to rehearse the migration: %s: %w", statement, err)
		}
	}
	return rehearsal, nil
}

// connector opens connections of a driver.
type connector struct {
	driver driver.Driver
	dsn    string
}

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.driver }
