package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// Lettered makes the texts of tables differ where any letter does, on databases that take some letters and spaces for the same unless
// they are told otherwise.
func (d *Database) Lettered(t testing.TB, db *gorm.DB, tables ...string) {
	t.Helper()
	if d.kind.lettered == nil {
		return
	}
	for _, table := range tables {
		require.NoError(t, d.kind.lettered(db, table), table)
	}
}

// letteredInMySQL takes the collation of MySQL, or that of MariaDB, which does not add spaces to what it compares.
func letteredInMySQL(db *gorm.DB, table string) error {
	var collation string
	err := db.Raw("SELECT collation_name FROM information_schema.collations WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')").
		Scan(&collation).Error
	if err != nil {
		return err
	}
	return db.Exec("ALTER TABLE " + table + " CONVERT TO CHARACTER SET utf8mb4 COLLATE " + collation).Error
}
