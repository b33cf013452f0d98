package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
)

// What a dump has that only psql or its own version reads, and comments.
var notSQL = regexp.MustCompile(`(?m)^(--.*|\\.*|SET .*;|SELECT pg_catalog\.set_config.*;|CREATE SCHEMA .*;)\n`)

// dump writes a schema as statements that any driver can execute. The schema's name becomes a blank to fill in.
func dump(schema, file string) error {
	command := exec.Command("pg_dump", "--inserts", "--no-owner", "--no-privileges", "--schema="+schema, os.Args[2])
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		return err
	}
	text = notSQL.ReplaceAll(text, nil)
	text = bytes.ReplaceAll(text, []byte(schema), []byte("{{schema}}"))
	text = regexp.MustCompile(`\n{2,}`).ReplaceAll(text, []byte("\n"))
	return os.WriteFile(file, bytes.TrimLeft(text, "\n"), 0o644)
}
