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
}

// ReferencesTo lists the foreign keys that refer to a table, those of its own rows included.
func (d *Dialect) ReferencesTo(db *gorm.DB, table string) ([]Reference, error) {
	return d.referencesTo(db, table)
}

// SameName is a table's name in the form in which ReferencesTo gives it.
func (d *Dialect) SameName(db *gorm.DB, table string) (string, error) { return d.sameName(db, table) }

// referenceColumn is one column of a foreign key, as catalogues list them.
type referenceColumn struct {
	ID      string `gorm:"column:id"`
	Table   string `gorm:"column:tab"`
	Columns string `gorm:"column:col"`
	Parent  string `gorm:"column:parent"`
}

// gather puts the columns of foreign keys together; a key's columns stand together and in order.
func gather(columns []referenceColumn) []Reference {
	var list []Reference
	for i, c := range columns {
		if i == 0 || columns[i-1].ID != c.ID || columns[i-1].Table != c.Table {
			list = append(list, Reference{Table: c.Table})
		}
		last := &list[len(list)-1]
		last.Columns = append(last.Columns, c.Columns)
		last.Parents = append(last.Parents, c.Parent)
	}
	return list
}

func postgresReferences(db *gorm.DB, table string) ([]Reference, error) {
	var columns []referenceColumn
	err := db.Raw(`SELECT k.oid::text AS id, CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS tab,
			a.attname AS col, f.attname AS parent
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		CROSS JOIN LATERAL generate_subscripts(k.conkey, 1) AS i
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i]
		JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[i]
		WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = to_regclass(?)
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
			coalesce(f."to", (SELECT c.name FROM pragma_table_info(?) c WHERE c.pk = f.seq + 1)) AS parent
		FROM sqlite_master m, pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND lower(f."table") = lower(?) ORDER BY m.name, f.id, f.seq`,
		sqliteTable(table), sqliteTable(table)).Scan(&columns).Error
	return gather(columns), err
}

func sqliteName(db *gorm.DB, table string) (name string, err error) {
	err = db.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", sqliteTable(table)).Scan(&name).Error
	return name, err
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
