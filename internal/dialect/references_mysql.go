package dialect

import (
	"gorm.io/gorm"
)

// This room is for keys on MySQL.

func mysqlReferences(db *gorm.DB, table string) ([]Reference, error) {
	return mysqlForeignKeys(db, "k.table_schema", "k.table_name", "k.referenced_table_schema", "k.referenced_table_name", table)
}

func mysqlReferencesFrom(db *gorm.DB, table string) ([]Reference, error) {
	return mysqlForeignKeys(db, "k.referenced_table_schema", "k.referenced_table_name", "k.table_schema", "k.table_name", table)
}

// mysqlForeignKeys lists the foreign keys of which one side is a table; the other is the Table of each.
func mysqlForeignKeys(db *gorm.DB, otherSchema, other, schema, side, table string) ([]Reference, error) {
	var columns []referenceColumn
	place, name := mysqlPlace(table)
	err := db.Raw(`SELECT CONCAT(k.constraint_schema, '.', k.constraint_name) AS "id", `+mysqlNamed(otherSchema, other)+` AS "tab", k.column_name AS "col",
			k.referenced_column_name AS "parent", k.constraint_name AS "name", r.delete_rule AS "action",
			r.update_rule IN ('CASCADE', 'SET NULL') AS "follows"
		FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema
			AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
		WHERE k.referenced_table_name IS NOT NULL AND `+schema+` = COALESCE(?, DATABASE()) AND `+side+` = ?
		ORDER BY 2, k.constraint_name, k.constraint_schema, k.ordinal_position`, place, name).Scan(&columns).Error
	return gather(columns), err
}

// mysqlNamed is a table's name as references give it.
func mysqlNamed(schema, name string) string {
	return "CASE WHEN " + schema + " = DATABASE() THEN " + name + " ELSE CONCAT(" + schema + ", '.', " + name + ") END"
}

func mysqlName(db *gorm.DB, table string) (found string, err error) {
	place, name := mysqlPlace(table)
	err = db.Raw("SELECT "+mysqlNamed("table_schema", "table_name")+" FROM information_schema.tables WHERE "+mysqlThere, place, name).Scan(&found).Error
	return found, err
}

func mysqlPrimaryKey(db *gorm.DB, table string) (columns []string, err error) {
	place, name := mysqlPlace(table)
	return columns, db.Raw("SELECT column_name FROM information_schema.statistics WHERE "+mysqlThere+" AND index_name = 'PRIMARY' ORDER BY seq_in_index", place, name).
		Scan(&columns).Error
}

func mysqlEnforces(db *gorm.DB) (on bool, err error) {
	return on, db.Raw("SELECT @@foreign_key_checks").Scan(&on).Error
}
