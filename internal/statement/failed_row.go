package statement

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"gorm.io/gorm"
)

// FailRow gives the caller of Row a row that says why there is none, where a statement failed before it was executed: GORM gives nil then
// (finisher_api.go, GORM 1.31), and scanning it ends the program.
func FailRow(db *gorm.DB) {
	if _, executed := db.Statement.Dest.(*sql.Row); db.Error == nil || executed {
		return
	}
	if rows, _ := db.Get("rows"); rows == true {
		return // Rows returns the error
	}
	pool := sql.OpenDB(failing{db.Error})
	defer pool.Close()
	db.Statement.Dest = pool.QueryRowContext(context.WithoutCancel(db.Statement.Context), "")
}

// failing makes no connection, and says why.
type failing struct{ err error }

func (f failing) Connect(context.Context) (driver.Conn, error) { return nil, f.err }

func (f failing) Driver() driver.Driver { return f }

func (f failing) Open(string) (driver.Conn, error) { return nil, f.err }
