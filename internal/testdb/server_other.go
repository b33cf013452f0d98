//go:build !unix

package testdb

import "errors"

// throwawayServer needs what only Unix has; see throwaway.go.
type throwawayServer struct{ dsn string }

func startPostgres() (*throwawayServer, error) { return nil, errors.New("only on Unix") }

func startMySQL() (*throwawayServer, error) { return nil, errors.New("only on Unix") }
