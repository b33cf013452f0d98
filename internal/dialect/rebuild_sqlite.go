package dialect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

func sqliteLenient(on bool) string {
	if on {
		return "PRAGMA legacy_alter_table = ON"
	}
	return "PRAGMA legacy_alter_table = OFF"
}

func sqliteAttached(db *gorm.DB, table string) ([]Attached, error) {
	var list []Attached
	err := db.Raw(`SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND lower(tbl_name) = lower(?) AND sql IS NOT NULL
		UNION ALL SELECT type, name, sql FROM sqlite_master WHERE type = 'view' AND instr(lower(sql), lower(?)) > 0 ORDER BY 1, 2`, table, table).
		Scan(&list).Error
	if err != nil {
		return nil, err
	}
	quiet := silent(db)
	return slices.DeleteFunc(list, func(a Attached) bool {
		return a.Type == "view" && !sqliteReads(quiet, a.Name) // one that cannot be read anyway
	}), nil
}

// silent is a session for what may fail.
func silent(db *gorm.DB) *gorm.DB {
	return db.Session(&gorm.Session{NewDB: true, Logger: db.Logger.LogMode(logger.Silent)})
}

func sqliteReads(db *gorm.DB, view string) bool {
	rows, err := db.Raw("EXPLAIN SELECT * FROM " + sqliteQuoted(view)).Rows()
	if err == nil {
		err = rows.Close()
	}
	return err == nil
}

func sqliteCounter(db *gorm.DB, table string) (*int64, error) {
	var counts int64
	if err := db.Raw("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'").Scan(&counts).Error; err != nil || counts == 0 {
		return nil, err
	}
	var values []int64
	err := db.Raw("SELECT seq FROM sqlite_sequence WHERE lower(name) = lower(?)", table).Scan(&values).Error
	if err != nil || len(values) == 0 {
		return nil, err
	}
	return &values[0], nil
}

func sqliteSetCounter(db *gorm.DB, table string, value int64) error {
	// Nothing here asks what the count is: the statements may be listed, for a database that has other rows.
	name := textLiteral(table)
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO sqlite_sequence (name, seq) SELECT %s, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE lower(name) = lower(%s))", name, name),
		fmt.Sprintf("UPDATE sqlite_sequence SET seq = max(seq, %d) WHERE lower(name) = lower(%s)", value, name),
	} {
		if err := db.Exec(statement).Error; err != nil {
			return err
		}
	}
	return nil
}

// sqliteAnew ends the name of a table that is made anew, until it has the place of the former one.
const sqliteAnew = "__softdelete"

// sqliteDefinition is the statement that made a table.
func sqliteDefinition(db *gorm.DB, table string) (create string, err error) {
	err = db.Raw("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", table).Scan(&create).Error
	return create, err
}

// sqliteWithoutUnique makes the table anew as its statement says, but for the constraint.
func sqliteWithoutUnique(db *gorm.DB, table string, columns []string) (bool, error) {
	create, err := sqliteDefinition(db, table)
	if err != nil {
		return false, err
	}
	changed, found := withoutUnique(create, table+sqliteAnew, columns)
	if !found {
		return false, nil
	}
	return true, sqliteMakeAnew(db, table, changed, "")
}

// sqliteMakeAnew puts a table of another definition, under its name with sqliteAnew, in the place of a table, with its rows. how
// stands behind the SELECT of these.
func sqliteMakeAnew(db *gorm.DB, table, definition, how string) error {
	var stored []string
	if err := db.Raw("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", table).Scan(&stored).Error; err != nil {
		return err
	}
	for i, column := range stored {
		stored[i] = sqliteQuoted(column)
	}
	list := strings.Join(stored, ", ")
	return executeAll(db,
		definition,
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s%s", sqliteQuoted(table+sqliteAnew), list, list, sqliteQuoted(table), how),
		"DROP TABLE "+sqliteQuoted(table),
		fmt.Sprintf("ALTER TABLE %s RENAME TO %s", sqliteQuoted(table+sqliteAnew), sqliteQuoted(table)),
	)
}

func sqliteQuoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

var (
	// uniqueOfColumn is a constraint in a column's definition, uniqueOfTable one of the table.
	uniqueOfColumn = regexp.MustCompile(`(?i)\s+(?:CONSTRAINT\s+\S+\s+)?UNIQUE\b(?:\s+ON\s+CONFLICT\s+\w+)?`)
	uniqueOfTable  = regexp.MustCompile(`(?i)^\s*(?:CONSTRAINT\s+\S+\s+)?UNIQUE\s*\(`)
	ofTable        = regexp.MustCompile(`(?i)^\s*(?:CONSTRAINT|PRIMARY|CHECK|FOREIGN|UNIQUE)\b`)
)

// withoutUnique gives a CREATE TABLE for another name without the UNIQUE constraint over the columns, written with one of them or
// beside them. found is false where there is none that it can read.
func withoutUnique(create, name string, columns []string) (text string, found bool) {
	open := -1
	for i, c := range Unquoted(create) {
		if c == '(' {
			open = i
			break
		}
	}
	end := strings.LastIndexByte(create, ')')
	if open < 0 || end < open || strings.Contains(create, "--") || strings.Contains(create, "/*") {
		return "", false
	}
	var parts []string
	for _, part := range TopLevel(create[open+1 : end]) {
		shown := outline(part)
		switch {
		case uniqueOfTable.MatchString(shown):
			from := uniqueOfTable.FindStringIndex(shown)[1]
			if SameSet(namesIn(part[from:from+strings.IndexByte(part[from:], ')')]), columns) {
				found = true
				continue
			}
		case ofTable.MatchString(shown):
		case len(columns) == 1 && strings.EqualFold(firstName(part), columns[0]):
			if at := uniqueOfColumn.FindStringIndex(shown); at != nil {
				part, found = part[:at[0]]+part[at[1]:], true
			}
		}
		parts = append(parts, part)
	}
	return "CREATE TABLE " + sqliteQuoted(name) + " (" + strings.Join(parts, ",") + create[end:], found
}

// TopLevel splits a text at the commas outside of quotes and parentheses.
func TopLevel(text string) (parts []string) {
	depth, start := 0, 0
	for i, c := range Unquoted(text) {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// outline hides what stands in quotes and within parentheses, so that words outside can be looked for by their positions.
func outline(text string) string {
	hidden := []byte(strings.Repeat("x", len(text)))
	depth := 0
	for i, c := range Unquoted(text) {
		if c == ')' {
			depth--
		}
		if depth == 0 {
			hidden[i] = c
		}
		if c == '(' {
			depth++
		}
	}
	return string(hidden)
}

// firstName is the name that a column's definition begins with.
func firstName(definition string) string {
	definition = strings.TrimSpace(definition)
	if definition == "" {
		return ""
	}
	if shut, quoted := map[byte]byte{'"': '"', '`': '`', '[': ']', '\'': '\''}[definition[0]]; quoted {
		name, _, _ := strings.Cut(definition[1:], string(shut))
		return name
	}
	return strings.FieldsFunc(definition, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '(' })[0]
}

// namesIn lists the columns between a constraint's parentheses.
func namesIn(list string) (names []string) {
	for _, part := range TopLevel(list) {
		names = append(names, firstName(part))
	}
	return names
}
