package dialect

import (
	"strings"

	"gorm.io/gorm"
)

// Reference is a foreign key of the database.
type Reference struct {
	// Table is the table that refers, with its schema where its name alone does not lead to it.
	Table string
	// Columns are its columns, Parents those of the table that they refer to, in the same order.
	Columns, Parents []string
	// Name is the key's own; empty where the database keeps none.
	Name string
	// OnDelete is what becomes of rows that refer to one which is removed.
	OnDelete ReferenceAction
	// Follows tells that rows which refer to one change with its key. It is not looked for where keys fire triggers.
	Follows bool
	// Only stands before the table's name where its rows are meant without those of tables that inherit from it: they do not have the key.
	Only string
	// Unseen tells that OnDelete is an action, and that the database may hide rows that refer from the session.
	Unseen bool
}

// ReferenceAction is what a foreign key does to rows that refer to a removed one.
type ReferenceAction int

const (
	Forbids ReferenceAction = iota // the removal fails
	Removes                        // ON DELETE CASCADE
	Unlinks                        // ON DELETE SET NULL or SET DEFAULT
)

// EnforcesReferences tells whether the session's foreign keys are obeyed.
func (d *Dialect) EnforcesReferences(db *gorm.DB) (bool, error) { return d.enforcesReferences(db) }

// PrimaryKey lists the columns of a table's primary key, in its order.
func (d *Dialect) PrimaryKey(db *gorm.DB, table string) ([]string, error) {
	return d.primaryKey(db, table)
}

// ReferencesTo lists the foreign keys that refer to a table, those of its own rows included.
func (d *Dialect) ReferencesTo(db *gorm.DB, table string) ([]Reference, error) {
	return d.referencesTo(db, table)
}

// ReferencesFrom lists the foreign keys of a table; the Table of each is the one that it refers to.
func (d *Dialect) ReferencesFrom(db *gorm.DB, table string) ([]Reference, error) {
	return d.referencesFrom(db, table)
}

// SameName is a table's name in the form in which ReferencesTo gives it.
func (d *Dialect) SameName(db *gorm.DB, table string) (string, error) { return d.sameName(db, table) }

// referenceColumn is one column of a foreign key, as catalogues list them.
type referenceColumn struct {
	ID      string `gorm:"column:id"`
	Table   string `gorm:"column:tab"`
	Columns string `gorm:"column:col"`
	Parent  string `gorm:"column:parent"`
	Name    string `gorm:"column:name"`
	Action  string `gorm:"column:action"`
	Unseen  bool   `gorm:"column:unseen"`
	Follows bool   `gorm:"column:follows"`
	Heirs   bool   `gorm:"column:heirs"` // other tables inherit from it
}

// onDelete are the actions of foreign keys, as catalogues name them.
var onDelete = map[string]ReferenceAction{
	"c": Removes, "n": Unlinks, "d": Unlinks, "CASCADE": Removes, "SET NULL": Unlinks, "SET DEFAULT": Unlinks,
}

// gather puts the columns of foreign keys together; a key's columns stand together and in order.
func gather(columns []referenceColumn) []Reference {
	var list []Reference
	for i, c := range columns {
		if i == 0 || columns[i-1].ID != c.ID || columns[i-1].Table != c.Table {
			list = append(list, Reference{Table: c.Table, Name: c.Name, OnDelete: onDelete[c.Action], Unseen: c.Unseen, Follows: c.Follows})
			if c.Heirs {
				list[len(list)-1].Only = "ONLY "
			}
		}
		last := &list[len(list)-1]
		last.Columns = append(last.Columns, c.Columns)
		last.Parents = append(last.Parents, c.Parent)
	}
	return list
}

func postgresReferences(db *gorm.DB, table string) ([]Reference, error) {
	return postgresForeignKeys(db, "k.conrelid", "k.confrelid", table)
}

func postgresReferencesFrom(db *gorm.DB, table string) ([]Reference, error) {
	return postgresForeignKeys(db, "k.confrelid", "k.conrelid", table)
}

// postgresForeignKeys lists the foreign keys of which one side is a table; tab is the other.
func postgresForeignKeys(db *gorm.DB, other, side, table string) ([]Reference, error) {
	var columns []referenceColumn
	err := db.Raw(`SELECT k.oid::text AS id, CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS tab,
			a.attname AS col, f.attname AS parent, k.conname AS name, k.confdeltype::text AS action,
			`+postgresUnseenKey+` AS unseen, c.relkind = 'r' AND c.relhassubclass AS heirs
		FROM pg_constraint k JOIN pg_class c ON c.oid = `+other+` JOIN pg_namespace n ON n.oid = c.relnamespace
		CROSS JOIN LATERAL generate_subscripts(k.conkey, 1) AS i
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i]
		JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[i]
		WHERE k.contype = 'f' AND k.conparentid = 0 AND `+side+` = to_regclass(?)
		ORDER BY 2, k.conname, k.oid, i`, regclass(table)).Scan(&columns).Error
	return gather(columns), err
}

func postgresName(db *gorm.DB, table string) (name string, err error) {
	err = db.Raw(`SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(?)`, regclass(table)).Scan(&name).Error
	return name, err
}

func sqliteReferences(db *gorm.DB, table string) ([]Reference, error) {
	var columns []referenceColumn
	// A key that names no columns of the other table refers to its primary key.
	err := db.Raw(`SELECT f.id AS id, m.name AS tab, f."from" AS col,
			coalesce(f."to", (SELECT c.name FROM pragma_table_info(?) c WHERE c.pk = f.seq + 1)) AS parent, f.on_delete AS action
		FROM sqlite_master m, pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND lower(f."table") = lower(?) ORDER BY m.name, f.id, f.seq`,
		sqliteTable(table), sqliteTable(table)).Scan(&columns).Error
	return gather(columns), err
}

func sqliteReferencesFrom(db *gorm.DB, table string) ([]Reference, error) {
	var columns []referenceColumn
	err := db.Raw(`SELECT f.id AS id, f."table" AS tab, f."from" AS col,
			coalesce(f."to", (SELECT c.name FROM pragma_table_info(f."table") c WHERE c.pk = f.seq + 1)) AS parent, f.on_delete AS action
		FROM pragma_foreign_key_list(?) f ORDER BY f."table", f.id, f.seq`, sqliteTable(table)).Scan(&columns).Error
	return gather(columns), err
}

func sqliteName(db *gorm.DB, table string) (name string, err error) {
	err = db.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", sqliteTable(table)).Scan(&name).Error
	return name, err
}

func postgresPrimaryKey(db *gorm.DB, table string) (columns []string, err error) {
	return columns, db.Raw(`SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE i.indrelid = to_regclass(?) AND i.indisprimary ORDER BY k.n`, regclass(table)).Scan(&columns).Error
}

func sqlitePrimaryKey(db *gorm.DB, table string) (columns []string, err error) {
	return columns, db.Raw(`SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, sqliteTable(table)).Scan(&columns).Error
}

func alwaysEnforced(*gorm.DB) (bool, error) { return true, nil }

func sqliteEnforces(db *gorm.DB) (on bool, err error) {
	return on, db.Raw("PRAGMA foreign_keys").Scan(&on).Error
}

func sqliteTable(table string) string { return strings.TrimPrefix(table, "main.") }

// regclass quotes a table's name, with its schema if it has one, for to_regclass.
func regclass(table string) string {
	parts := strings.Split(table, ".")
	for i, part := range parts {
		parts[i] = `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}
