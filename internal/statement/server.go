package statement

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room asks a database which server it is, once.

// Server is the server of one database.
type Server struct {
	Dialect *dialect.Dialect
	told    atomic.Pointer[told]
}

// told is what a server has said.
type told struct {
	version dialect.Version
	refusal error
}

// Look asks the server what it is, and refuses one that the plugin's SQL is not exact on. Where nobody answers yet it gives no version
// and refuses nothing: Check asks again.
func (s *Server) Look(db *gorm.DB) (dialect.Version, error) {
	told, _ := s.ask(db)
	return told.version, told.refusal
}

// Check does so before a statement. It asks only where the server has not answered yet, on the statement's own connection. A dry run,
// and a pool that answers no question, pass; without a connection the statement could not run either.
func (s *Server) Check(db *gorm.DB) error {
	if told := s.told.Load(); told != nil {
		return told.refusal
	}
	told, err := s.ask(db)
	if told.refusal != nil {
		return told.refusal
	}
	return err
}

// Version is the server's version, 0 where it has not answered.
func (s *Server) Version(db *gorm.DB) (dialect.Version, error) {
	if told := s.told.Load(); told != nil {
		return told.version, told.refusal
	}
	told, err := s.ask(db)
	return told.version, errors.Join(told.refusal, err)
}

// ask asks without a lock: one who waited for another's answer could hold the connection that the other waits for.
func (s *Server) ask(db *gorm.DB) (answer told, err error) {
	pool, ctx := db.ConnPool, context.Background()
	if db.Statement != nil && db.Statement.ConnPool != nil {
		pool, ctx = db.Statement.ConnPool, db.Statement.Context
	}
	if db.DryRun || pool == nil {
		return told{}, nil
	}
	var text string
	if row := Unprepared(pool).QueryRowContext(ctx, s.Dialect.AsksServer()); row != nil {
		err = row.Scan(&text)
	}
	switch {
	case noConnection(err):
		return told{}, fmt.Errorf("softdelete: asking the database for its version: %w", err)
	case err != nil || text == "":
		return told{}, nil
	}
	answer.version, err = s.Dialect.ReadServer(text)
	if err == nil {
		err = s.settings(ctx, pool)
	}
	if err != nil {
		answer.refusal = fmt.Errorf("%w: %w", fault.ErrUnsupported, err)
	}
	s.told.CompareAndSwap(nil, &answer)
	return answer, nil
}

// settings refuses a connection that is set so that the plugin's SQL would not be exact on it.
func (s *Server) settings(ctx context.Context, pool gorm.ConnPool) error {
	asks := s.Dialect.AsksSettings()
	if asks == "" {
		return nil
	}
	var value any
	if row := Unprepared(pool).QueryRowContext(ctx, asks); row == nil || row.Scan(&value) != nil {
		return nil // a pool that answers nothing else
	}
	return s.Dialect.ReadSettings(value)
}

// noConnection tells the errors of a connection, or of the context, from those of a pool that answers nothing.
func noConnection(err error) bool {
	for _, lost := range []error{
		context.Canceled, context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return errors.As(err, new(net.Error))
}
